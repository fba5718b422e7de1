import type { SearchEntry } from '#api/feeds/search.ts'

// Looks for words in titles and texts, month by month from the youngest, in the files that were published for it.
const form = document.querySelector<HTMLFormElement>('form.search')
const input = form?.querySelector('input')
const line = form?.querySelector('p')
const list = form?.querySelector('ul')

/** How many are shown; who finds more asks for more words. */
const shownMax = 50
/** How much of a text is shown before and after the word that was found. */
const around = 60
/** How long after the last key the search begins, in milliseconds. */
const restMs = 250

if (form && input && line && list) {
  const { index = '', searching = '', found = '', none = '', failed = '', dates } = form.dataset
  // Days are written as on the rest of the page: "11 November 2026".
  const day = new Intl.DateTimeFormat(dates, { dateStyle: 'long', timeZone: 'UTC' })
  const kept = new Map<string, Promise<unknown>>()
  const fetched = <T>(path: string): Promise<T> => {
    const known = kept.get(path)
    if (known) return known as Promise<T>
    const asked = fetch(path).then((response) => {
      if (!response.ok) throw new Error(String(response.status))
      return response.json() as Promise<T>
    })
    kept.set(path, asked)
    asked.catch(() => kept.delete(path))
    return asked
  }

  const row = (entry: SearchEntry, words: string[]): HTMLLIElement => {
    const item = document.createElement('li')
    const when = item.appendChild(document.createElement('span'))
    when.textContent = day.format(Date.parse(`${entry.date}T12:00:00Z`))
    const what = item.appendChild(document.createElement('div'))
    const link = what.appendChild(document.createElement('a'))
    link.href = entry.path
    link.append(...marked(entry.title, words))
    const at = Math.min(...words.map((word) => entry.text.toLowerCase().indexOf(word)).filter((place) => place >= 0))
    if (at !== Number.POSITIVE_INFINITY) {
      // An excerpt begins with a whole word, where the language has spaces.
      const space = entry.text.indexOf(' ', at - around)
      const from = at <= around ? 0 : space >= 0 && space < at - around / 2 ? space + 1 : at - around
      const to = at + around
      const text = `${from ? '…' : ''}${entry.text.slice(from, to)}${to < entry.text.length ? '…' : ''}`
      what.appendChild(document.createElement('p')).append(...marked(text, words))
    }
    return item
  }

  let turn = 0
  const search = async () => {
    const mine = ++turn
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
    list.replaceChildren()
    line.textContent = ''
    if (!words.length) return
    line.textContent = searching
    try {
      let count = 0
      for (const month of await fetched<string[]>('/history/months.json')) {
        const entries = await fetched<SearchEntry[]>(`${index}${month}.json`)
        if (mine !== turn) return
        for (const entry of entries) {
          const whole = `${entry.title}\n${entry.text}`.toLowerCase()
          if (!words.every((word) => whole.includes(word))) continue
          if (++count <= shownMax) list.append(row(entry, words))
        }
      }
      line.textContent = count ? found.replace('{count}', String(count)) : none.replace('{query}', input.value.trim())
    } catch {
      if (mine === turn) line.textContent = failed
    }
  }

  let timer = 0
  input.oninput = () => {
    clearTimeout(timer)
    timer = window.setTimeout(search, restMs)
  }
  form.onsubmit = (event) => {
    event.preventDefault()
    clearTimeout(timer)
    void search()
  }
  form.hidden = false
}

/** A text as nodes, with the words that were looked for marked. */
function marked(text: string, words: string[]): (Node | string)[] {
  const nodes: (Node | string)[] = []
  const lower = text.toLowerCase()
  let at = 0
  while (at < text.length) {
    const hits = words
      .map((word) => ({ word, place: lower.indexOf(word, at) }))
      .filter(({ place }) => place >= 0)
      .sort((a, b) => a.place - b.place)
    const [first] = hits
    if (!first) break
    nodes.push(text.slice(at, first.place))
    const mark = document.createElement('mark')
    mark.textContent = text.slice(first.place, first.place + first.word.length)
    nodes.push(mark)
    at = first.place + first.word.length
  }
  nodes.push(text.slice(at))
  return nodes
}
