import axe, { type AxeResults, type RunOptions } from 'axe-core'
import { HtmlValidate } from 'html-validate'
import type { Page } from 'playwright-core'

/** Everything axe knows of WCAG 2.2 up to AA, and its advice beyond that. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Rules that axe leaves out when nobody asks for them. */
const asked = { 'target-size': { enabled: true } }

/** The rules whose answer depends on colours, and so on light and dark. */
export const coloursOnly = ['color-contrast', 'link-in-text-block'] as const

/**
 * A page as axe sees it but for its very words: its elements in their order with everything that stands in them, where
 * texts, values and addresses count as there or not. Two pages with the same skeleton and language have the same faults.
 */
export const skeletonOf = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const words = new Set(['href', 'src', 'value', 'content', 'title', 'alt', 'datetime', 'action', 'd', 'aria-label'])
    const parts: string[] = []
    const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT)
    for (let node: Node | null = walk.currentNode; node; node = walk.nextNode()) {
      if (!(node instanceof Element)) {
        if (node.textContent?.trim()) parts.push('.')
        continue
      }
      const attributes = [...node.attributes].map(({ name, value }) =>
        words.has(name) || name.startsWith('data-') ? `${name}${value ? '+' : ''}` : `${name}=${value}`,
      )
      parts.push(`<${node.tagName} ${attributes.join(' ')}`)
    }
    return parts.join('')
  })

/** What axe finds on a page as it stands now; with `rules` it looks for these alone. Each fault names its rule and element. */
export async function accessFaults(page: Page, rules?: readonly string[]): Promise<string[]> {
  // Its half a megabyte is read once for each document.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  const options: RunOptions = rules
    ? { runOnly: { type: 'rule', values: [...rules] } }
    : { runOnly: { type: 'tag', values: tags }, rules: asked }
  const { violations } = await page.evaluate(
    (options) => (window as unknown as { axe: { run(o: object): Promise<AxeResults> } }).axe.run(options),
    { ...options, resultTypes: ['violations'] },
  )
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target }) => `${id} (${help}) at ${target.join(' ')}`),
  )
}

const validator = new HtmlValidate({ extends: ['html-validate:standard'] })

/** What is wrong with a document as it came over the wire, by the standard. */
export async function markupFaults(html: string): Promise<string[]> {
  const { results } = await validator.validateString(html)
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, line, column }) => `${ruleId}: ${message} (${line}:${column})`),
  )
}
