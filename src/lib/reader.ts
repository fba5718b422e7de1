// Adds to a page that is whole without it: the reader's own time beside the page's, a quiet line when there is news, a button
// that copies the link, the demonstration's own time. It changes nothing that is being read.
const body = document.body
const line = document.querySelector<HTMLElement>('.fresh')
const language = line?.dataset.dates ?? document.documentElement.lang
const formatOf = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, options)
const times = formatOf({ dateStyle: 'medium', timeStyle: 'short' })
const hour = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
const zones = [undefined, line?.dataset.zone]
/** The same moment as the reader's clock and as the page's shows it. */
const both = (at: number, options: Intl.DateTimeFormatOptions) =>
  zones.map((timeZone) => formatOf({ ...options, timeZone }).format(at))

for (const time of document.querySelectorAll('time')) {
  const at = Date.parse(time.dateTime)
  if (!at) continue
  time.title = `${times.format(at)} (${Intl.DateTimeFormat().resolvedOptions().timeZone})`
}
// What readers look at first is said in their time, too, where it is another: when it began, when the next word comes, when
// a maintenance is.
for (const place of document.querySelectorAll('.next dd, .own')) {
  const [mine, theirs] = zones.map((timeZone) => momentsIn(place, timeZone))
  if (!line || !mine || mine === theirs) continue
  place.append(' ')
  const yours = place.appendChild(document.createElement('small'))
  yours.textContent = (line.dataset.yours ?? '').replace('{time}', mine)
}

/** What the times of a place come to on a clock, "02:18–04:10"; with the day where it is another than the page's. */
function momentsIn(place: Element, timeZone: string | undefined): string {
  const moments = [...place.querySelectorAll('time')].map((time) => Date.parse(time.dateTime)).filter(Boolean)
  const [first, last] = [moments[0], moments.at(-1)]
  if (!first || !last) return ''
  const moved = moments.some((at) => new Set(both(at, { day: 'numeric' })).size > 1)
  const options = moved ? ({ ...hour, day: 'numeric', month: 'long' } as const) : hour
  return formatOf({ ...options, timeZone }).formatRange(first, last)
}

function say(text: string, link = '') {
  if (!line) return
  line.textContent = `${text} `
  if (!link) return
  const show = line.appendChild(document.createElement('a'))
  show.href = location.pathname
  show.textContent = link
}

/** Misses in a row before the reader is told that the page may be old. */
const missesMax = 3
let misses = 0
let checked = new Date()
let timer = 0

async function look() {
  clearTimeout(timer)
  try {
    const response = await fetch(location.pathname, { cache: 'no-cache' })
    if (!response.ok) throw new Error(String(response.status))
    const news = /data-news="([^"]+)"/.exec(await response.text())?.[1]
    misses = 0
    checked = new Date()
    if (news && news !== body.dataset.news) return say(line?.dataset.news ?? '', line?.dataset.show)
    line?.replaceChildren()
  } catch {
    misses++
    const since = checked.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' })
    if (misses === missesMax) say((line?.dataset.stale ?? '').replace('{time}', since))
  }
  plan()
}

function plan() {
  const seconds = Number(body.dataset.seconds) || 60
  timer = window.setTimeout(() => (document.hidden ? plan() : look()), seconds * 1000 * (0.8 + Math.random() * 0.4))
}

const short = document.querySelector<HTMLAnchorElement>('a.short')
if (short && line && navigator.clipboard) {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = line.dataset.copy ?? ''
  button.onclick = async () => {
    await navigator.clipboard.writeText(short.href)
    button.textContent = line.dataset.copied ?? ''
  }
  short.after(' ', button)
}

/** How often the demonstration's time is asked for again, in milliseconds: it may be set, or run faster than this clock. */
const askEveryMs = 15_000
const demo = document.querySelector<HTMLElement>('.demo')
const clock = demo?.firstElementChild
if (demo && clock) {
  const { running = '', zone: timeZone } = demo.dataset
  const hours = formatOf({ ...hour, timeZone })
  let ahead = Number.NaN
  const ask = async () => {
    if (document.hidden) return
    const { at } = (await (await fetch('/api/v1/status')).json()) as { at: string }
    ahead = Date.parse(at) - Date.now()
    tick()
  }
  const tick = () => {
    const text = running.replace('{time}', hours.format(Date.now() + (ahead || 0)))
    if (!Number.isNaN(ahead) && clock.textContent !== text) clock.textContent = text
  }
  // Without an answer the line stays as it was drawn.
  const asks = () => void ask().catch(() => {})
  asks()
  setInterval(asks, askEveryMs)
  setInterval(tick, 1_000)
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) look()
})
plan()

export {}
