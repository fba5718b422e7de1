import { escapeHtml } from '#api/lib/html.ts'
import { markdownToHtml } from '#api/lib/markdown.ts'
import type { Site } from '#api/site.ts'
import type { Locale } from '#content/locales.ts'
import { fill } from '#content/words.ts'

const files = import.meta.glob<string>('/content/words/*/pages/*.md', { query: '?raw', import: 'default', eager: true })

/** A page of a language's folder with the company's own values in its {braces}: its first heading, and the rest as HTML. */
export function proseOf(name: string, locale: Locale, site: Site): { title: string; html: string } {
  const text = files[`/content/words/${locale}/pages/${name}.md`]
  if (!text) throw new Error(`content/words/${locale}/pages/${name}.md is missing.`)
  const filled = fill(text, { company: site.name[locale], email: site.support.email, sign: site.sign[locale] })
  const [opening = '', ...sections] = filled.trim().split(/^## /m)
  const [heading, lead] = firstLine(opening)
  const html = sections.map((section) => {
    const [name, rest] = firstLine(section)
    return `<h2 class="serif">${escapeHtml(name)}</h2>${markdownToHtml(rest)}`
  })
  return { title: heading.replace(/^#\s*/, ''), html: markdownToHtml(lead) + html.join('') }
}

const firstLine = (text: string): [string, string] => {
  const [first = '', ...rest] = text.split('\n')
  return [first.trim(), rest.join('\n')]
}
