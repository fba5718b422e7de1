import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { incidentStatuses } from '#api/incidents/incident.ts'
import { locales } from '#content/locales.ts'

const read = (locale: string, file: string) => {
  const text = readFileSync(join(import.meta.dirname, locale, 'templates', file), 'utf8')
  const [, head = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]+)$/.exec(text) ?? []
  return { head: parse(head) as Record<string, string>, body: body.trim() }
}
const braces = (text = '') => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort()
const filesOf = (locale: string) => readdirSync(join(import.meta.dirname, locale, 'templates')).sort()

it('every template exists in every language and asks for the same things', () => {
  const [first, ...others] = locales
  expect(filesOf(first).length).toBeGreaterThanOrEqual(13)
  for (const other of others) {
    expect(filesOf(other)).toEqual(filesOf(first))
    for (const file of filesOf(first)) {
      const [one, two] = [read(first, file), read(other, file)]
      // The zone is spelled out in Chinese, so its brace may be left out there.
      const asked = (text?: string) => braces(text).filter((name) => name !== 'zone')
      expect(asked(two.body), file).toEqual(asked(one.body))
      expect(asked(two.head.title), file).toEqual(asked(one.head.title))
      expect({ ...two.head, name: '', title: '' }, file).toEqual({ ...one.head, name: '', title: '' })
      expect(one.head.name && two.head.name, file).toBeTruthy()
    }
  }
})

it('a template for an update names a state that an incident can be in', () => {
  const states = filesOf('en').map((file) => read('en', file).head)
  for (const { kind, state, name } of states)
    if (kind === 'update' && state) expect(incidentStatuses, name).toContain(state)
})
