import type { Page } from 'playwright-core'

/** One stop of the Tab key. */
interface Stop {
  name: string
  tag: string
  /** What somebody who cannot use a mouse would trip over here; empty when all is well. */
  trouble: string
}

/** More stops than any page has: who comes so far goes round in a circle. */
const stopsMax = 150

/**
 * Hands that know Tab, Enter, Space, letters, and the arrows inside a group of radio buttons. At every stop they look
 * whether the focus can be seen, is not covered, and goes down the page; what is wrong fails with the stop's name.
 */
export function keyboardOf(page: Page) {
  const key = (name: string) => page.keyboard.press(name)
  /** Presses a key that leads to another page, and waits for it. */
  async function go(name = 'Enter'): Promise<void> {
    await Promise.all([page.waitForEvent('domcontentloaded'), key(name)])
    await page.waitForLoadState()
  }
  async function tab(): Promise<Stop> {
    await key('Tab')
    const stop = await page.evaluate(lookAtFocus)
    if (stop.trouble) throw new Error(`At "${stop.name}" (${stop.tag}) of ${page.url()}: ${stop.trouble}`)
    return stop
  }
  /** Tab, until the focus is on what is called so. */
  async function reach(name: string | RegExp): Promise<void> {
    const passed: string[] = []
    for (let stops = 0; stops < stopsMax; stops++) {
      const stop = await tab()
      if (typeof name === 'string' ? stop.name.startsWith(name) : name.test(stop.name)) return
      passed.push(stop.name.slice(0, 30))
    }
    throw new Error(`No stop of ${page.url()} is called ${name}: ${[...new Set(passed)].join(' | ')}`)
  }
  return {
    key,
    go,
    reach,
    type: (text: string) => page.keyboard.type(text),
    /** Takes away what the field with the focus holds. */
    async clear() {
      const length = await page.evaluate(() => (document.activeElement as HTMLInputElement).value.length)
      await key('End')
      for (let i = 0; i < length; i++) await key('Backspace')
    },
  }
}

/** Describes where the focus is and what is wrong with it. Runs in the browser. */
function lookAtFocus(): Stop {
  const memory = window as unknown as { lastStop?: Element | undefined }
  const element = document.activeElement as HTMLElement
  if (element === document.body) {
    memory.lastStop = undefined
    return { name: '', tag: 'body', trouble: '' }
  }
  const { labels, tabIndex } = element as HTMLInputElement
  const title =
    element.getAttribute('aria-label') ??
    element.getAttribute('title') ??
    labels?.[0]?.textContent ??
    element.textContent ??
    ''
  const style = getComputedStyle(element)
  // A link that goes on in the next line is looked at where it begins.
  const box = element.getClientRects()[0] ?? element.getBoundingClientRect()
  const before = memory.lastStop
  memory.lastStop = element
  const troubles: string[] = []
  // A field for a date and a time has a stop for each of its parts, a frame for each of its links.
  const parts = (element as HTMLInputElement).type === 'datetime-local' || element.tagName === 'IFRAME'
  if (before === element && !parts) troubles.push('Tab does not lead away')
  if (tabIndex > 0) troubles.push('the order is not that of the page')
  // From the last stop Tab leads to the first again.
  const round = element.classList.contains('skip')
  if (
    before &&
    before !== element &&
    !round &&
    !(before.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING)
  )
    troubles.push('the focus goes back')
  const drawn = element.tagName === 'IFRAME' || (parts && before === element)
  if (!drawn && (style.outlineStyle === 'none' || Number.parseFloat(style.outlineWidth) < 2))
    troubles.push('the focus is not drawn')
  const inside = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0
  const at = document.elementFromPoint(
    Math.min(innerWidth - 2, Math.max(1, box.left + Math.min(box.width / 2, 20))),
    Math.min(innerHeight - 2, Math.max(1, box.top + Math.min(box.height / 2, 12))),
  )
  if (!inside) troubles.push('the focus is outside the window')
  else if (at && !element.contains(at) && !at.contains(element) && !labels?.[0]?.contains(at))
    troubles.push(`the focus is covered by ${at.tagName} ${at.className}`)
  return { name: title.trim().replace(/\s+/g, ' '), tag: element.tagName, trouble: troubles.join(', ') }
}
