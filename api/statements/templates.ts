import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { locales } from '#content/locales.ts'
import { wordsFolder } from '#content/words.ts'
import type { Template } from './template.ts'
import type { StatementType } from './types.ts'

/** The pre-approved statements among the templates of a language's folder: those whose head says `kind: statement`, in every language. */
function load(): Template[] {
  const read = (locale: string, file: string) => {
    const text = readFileSync(join(wordsFolder, locale, 'templates', file), 'utf8')
    const [, head = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? []
    return { head: (parse(head) ?? {}) as Record<string, string>, body: body.trim() }
  }
  return readdirSync(join(wordsFolder, locales[0], 'templates')).flatMap((file) => {
    const texts = locales.map((locale) => ({ locale, ...read(locale, file) }))
    const { kind, for: type } = texts[0]!.head
    if (kind !== 'statement' || !type) return []
    const words = (pick: (text: (typeof texts)[number]) => string | undefined) =>
      Object.fromEntries(texts.flatMap((text) => (pick(text) ? [[text.locale, pick(text)]] : [])))
    return {
      key: file.replace(/\.md$/, ''),
      for: type as StatementType,
      name: words(({ head }) => head.name),
      title: words(({ head }) => head.title),
      body: words(({ body }) => body),
    }
  })
}

let loaded: Template[] | undefined

/** Texts that legal approved beforehand, by the kind of statement they are for. Read once. */
export function statementTemplates(): readonly Template[] {
  loaded ??= load()
  return loaded
}

export const findTemplate = (key: string | null): Template | undefined =>
  statementTemplates().find((template) => template.key === key)
