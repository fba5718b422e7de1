import { expect } from 'vitest'
import { record, system } from '#api/audit/audit.ts'
import { announce } from '#api/outbox/outbox.ts'
import { story } from '../support/story.ts'

story('what is announced is numbered without gaps, and a change that fails leaves no trace', async ({ app }) => {
  const write = (fails: boolean) =>
    app.db.transaction().execute(async (trx) => {
      const seq = await announce(trx, app.now(), { kind: 'component.changed' })
      await record(trx, app.now(), system, 'component.changed', 'x', { after: { seq } })
      if (fails) throw new Error('power loss')
      return seq
    })
  await expect(write(false)).resolves.toBe(1)
  await expect(write(true)).rejects.toThrow('power loss')
  await expect(Promise.all(Array.from({ length: 20 }, () => write(false)))).resolves.toHaveLength(20)
  const rows = await app.db.selectFrom('outbox').select('seq').orderBy('seq').execute()
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1))
  const audits = await app.db.selectFrom('audit').select('after').execute()
  expect(audits).toHaveLength(21)
})
