import type { ApiClient } from '#api/client.ts'
import type { Statement } from '#api/statements/show.ts'
import { readWall, type Typed, wordsAt } from '../composer.ts'
import { problemOf } from '../forms.ts'

type Problem = NonNullable<Awaited<ReturnType<typeof problemOf>>>

/** Does what a form of a statement's page asks for. Gives what stands against it; null when it is done. */
export async function actOn(
  api: ApiClient,
  typed: Typed,
  statement: Statement,
  { zone, timeFault }: { zone: string; timeFault: string },
): Promise<Problem | null> {
  const one = api.api.v1.statements[':id']
  const param = { id: statement.id }
  const headers = { headers: { 'Idempotency-Key': typed.get('key') ?? '' } }
  const text = { title: wordsAt(typed, 'title'), body: wordsAt(typed, 'body') }
  const hash = typed.get('hash') ?? ''
  switch (typed.get('action')) {
    case 'save':
    case 'saveAsk': {
      const note = statement.out ? { note: wordsAt(typed, 'note') } : {}
      const json = { ...text, ...note, ...(typed.get('seen') ? { follows: typed.get('seen') } : {}) }
      const problem = await problemOf(await one.versions.$post({ param, json }, headers))
      if (problem || typed.get('action') === 'save') return problem
      return problemOf(await one.review.$post({ param, json: {} }))
    }
    case 'correct':
      return problemOf(await one.correction.$post({ param, json: { ...text, note: wordsAt(typed, 'note') } }, headers))
    case 'ask':
      return problemOf(await one.review.$post({ param, json: {} }, headers))
    case 'approve':
      return problemOf(await one.approval.$post({ param, json: { hash } }, headers))
    case 'changes':
      return problemOf(await one.changes.$post({ param, json: { note: typed.get('remark') ?? '' } }, headers))
    case 'publish':
      return problemOf(await one.publication.$post({ param, json: { hash } }, headers))
    case 'schedule': {
      const at = readWall(typed.get('at') ?? '', zone)
      if (!at) return { status: 422, message: timeFault, fields: { at: timeFault } }
      return problemOf(await one.schedule.$post({ param, json: { at } }, headers))
    }
    case 'unschedule':
      return problemOf(await one.schedule.$delete({ param }, headers))
    case 'withdraw':
      return problemOf(await one.withdrawal.$post({ param, json: { reason: wordsAt(typed, 'reason') } }, headers))
    case 'supersede':
      return problemOf(await one.supersession.$post({ param, json: { by: typed.get('by') ?? '' } }, headers))
    default:
      return problemOf(await one.discard.$post({ param, json: {} }, headers))
  }
}

/** Fields of the API as the forms name them: a field without a language is shown at the desk's own. */
export const faultsOf = (problem: Problem | null, locale: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(problem?.fields ?? {}).map(([name, sentence]) => [
      ['title', 'body', 'note', 'reason'].includes(name) ? `${name}.${locale}` : name,
      sentence,
    ]),
  )

/** Whether a refusal shows what was changed since: `[-old-]{+new+}`. */
export const isDiff = (text: string): boolean => /\[-[\s\S]*-\]|\{\+[\s\S]*\+\}/.test(text)
