import { parse } from 'yaml'
import { isLocale, locales, type Words } from '#content/locales.ts'

/** A text approved beforehand: braces are the parts that a person fills in. */
interface Template {
  key: string
  name: Words
  kind: string
  state: string | null
  title: Words
  body: Words
}

const files = import.meta.glob<string>('/content/words/*/templates/*.md', {
  query: '?raw',
  import: 'default',
  eager: true,
})

function load(): Template[] {
  const templates = new Map<string, Template>()
  for (const [path, text] of Object.entries(files)) {
    const [, folder = '', key = ''] = /words\/([^/]+)\/templates\/(.+)\.md$/.exec(path) ?? []
    const [, head = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? []
    if (!isLocale(folder)) continue
    const facts: { name?: string; kind?: string; state?: string; title?: string } = parse(head) ?? {}
    const template = templates.get(key) ?? {
      key,
      name: {},
      kind: facts.kind ?? '',
      state: facts.state ?? null,
      title: {},
      body: {},
    }
    template.name[folder] = facts.name ?? key
    if (facts.title) template.title[folder] = facts.title
    template.body[folder] = body.trim()
    templates.set(key, template)
  }
  return [...templates.values()]
}

const all = load()
const order = ['investigating', 'identified', 'monitoring', 'resolved', 'postmortem']

/** The templates for updates, first notices first when an incident is opened, in the order of an incident's life. */
export const updateTemplates = (opening: boolean): Template[] =>
  all
    .filter((template) => template.kind === 'update' && (!opening || Object.keys(template.title).length > 0))
    .sort((a, b) => order.indexOf(a.state ?? '') - order.indexOf(b.state ?? '') || a.key.localeCompare(b.key))

export const findTemplate = (key: string): Template | undefined =>
  all.find((template) => template.key === key && template.kind === 'update')

/**
 * Puts a template's texts into fields that are empty or hold a template's text untouched. What a person wrote stays: the
 * answer names the fields in which it did.
 */
export function applyTemplate(typed: Map<string, string>, template: Template): string[] {
  const kept: string[] = []
  typed.set('template', template.key)
  for (const name of ['title', 'body'] as const)
    for (const locale of locales) {
      const field = `${name}.${locale}`
      const text = template[name][locale]
      const stands = typed.get(field) ?? ''
      if (!text || text === stands) continue
      if (stands === '' || all.some((one) => one[name][locale] === stands)) typed.set(field, text)
      else kept.push(field)
    }
  if (template.state) typed.set('status', template.state)
  return kept
}
