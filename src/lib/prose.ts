import { markdownToHtml } from '#api/lib/markdown.ts'
import type { Site } from '#api/site.ts'
import type { Locale } from '#content/locales.ts'
import { fill } from '#content/words.ts'

const files = import.meta.glob<string>('/content/pages/*/*.md', { query: '?raw', import: 'default', eager: true })

/** A page of content/pages with the company's own values in its {braces}: its first heading, and the rest as HTML. */
export function proseOf(name: string, locale: Locale, site: Site): { title: string; html: string } {
  const text = files[`/content/pages/${locale}/${name}.md`]
  if (!text) throw new Error(`content/pages/${locale}/${name}.md is missing.`)
  const filled = fill(text, { company: site.name[locale], email: site.support.email, sign: site.sign[locale] })
  const [heading = '', ...rest] = filled.trim().split('\n')
  return { title: heading.replace(/^#\s*/, ''), html: markdownToHtml(rest.join('\n')) }
}
