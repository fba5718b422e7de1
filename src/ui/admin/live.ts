// Adds to pages that are whole without it: parts marked data-live come up to date, remaining times count, and the
// preview follows what is typed. It never touches a field.
const { body } = document

/** How often previews are made while somebody types, in milliseconds after the last key. */
const previewAfterMs = 700
let serverAhead = Date.parse(body.dataset.now ?? '') - Date.now()

/** What each part last came with: a part that somebody has opened something in is news only when the page has some. */
const drawn = new WeakMap<Element, string>()
for (const part of document.querySelectorAll('[data-live], #confirm')) drawn.set(part, part.innerHTML)

function replaceFrom(fresh: Document, selector: string) {
  for (const part of document.querySelectorAll<HTMLElement>(selector)) {
    const name = part.dataset.live
    const other = name ? fresh.querySelector(`[data-live="${name}"]`) : fresh.getElementById(part.id)
    // Frames bear the nonce of the answer they came with; here only this page's own is good.
    const html = other?.innerHTML.replaceAll(fresh.body.dataset.nonce || '\0', body.dataset.nonce ?? '')
    if (html === undefined || html === (drawn.get(part) ?? part.innerHTML)) continue
    // Nobody's question is taken away while they read it.
    if (part.querySelector('.confirm[open]')) continue
    part.innerHTML = html
    drawn.set(part, html)
  }
  const now = fresh.body.dataset.now
  if (now) serverAhead = Date.parse(now) - Date.now()
}

const read = async (answer: Response) => new DOMParser().parseFromString(await answer.text(), 'text/html')

async function refresh() {
  if (document.hidden) return
  try {
    const answer = await fetch(location.pathname + location.search, { redirect: 'error', cache: 'no-store' })
    if (answer.ok) replaceFrom(await read(answer), '[data-live]')
  } catch {
    // The page stays as it is; the next look may do better.
  }
  count()
}

/** "12 min left", "3 min late": written from data-until with the words that stand beside it. */
function count() {
  for (const clock of document.querySelectorAll<HTMLElement>('[data-until]')) {
    const minutes = Math.round((Date.parse(clock.dataset.until ?? '') - Date.now() - serverAhead) / 60_000)
    const label = minutes < 0 ? clock.dataset.over : clock.dataset.left
    clock.textContent = (label ?? '').replace('{minutes}', String(Math.abs(minutes)))
  }
}

const seconds = Number(body.dataset.refresh)
if (seconds) setInterval(refresh, seconds * 1_000)
setInterval(count, 10_000)
count()

const form = document.querySelector<HTMLFormElement>('form[data-preview]')
const preview = form && document.getElementById(form.dataset.preview ?? '')
if (form && preview) {
  let timer = 0
  let latest = 0
  const draw = async () => {
    const mine = ++latest
    const data = new FormData(form)
    data.set('action', 'preview')
    try {
      const answer = await fetch(location.pathname, { method: 'POST', body: data, redirect: 'error' })
      if (mine === latest && answer.status < 500 && answer.status !== 401)
        replaceFrom(await read(answer), `#${preview.id}, #languages, #counts, #confirm`)
    } catch {
      // Typing goes on; the next pause tries again.
    }
    if (mine === latest) preview.classList.remove('stale')
  }
  if (!preview.querySelector('[data-reach]')) draw()
  form.addEventListener('input', () => {
    preview.classList.add('stale')
    clearTimeout(timer)
    timer = window.setTimeout(draw, previewAfterMs)
  })
}

// Where a row of pages is wider than the screen, the one that is open is in sight.
for (const here of document.querySelectorAll<HTMLElement>(':is(.pages, .tabs) [aria-current]')) {
  const row = here.parentElement
  if (row) row.scrollLeft = here.offsetLeft - row.offsetLeft - row.clientWidth / 3
}

export {}
