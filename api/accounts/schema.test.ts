import { getMigrations } from 'better-auth/db/migration'
import { describe, expect, it } from 'vitest'
import { engines } from '#test/support/record.ts'
import { openStage } from '#test/support/story.ts'
import { openAuth } from './auth.ts'

describe.each(engines)('%s', (engine) => {
  it('has every table and column that better-auth asks for, in types it takes', async () => {
    const stage = await openStage(engine)
    try {
      const plan = await getMigrations(openAuth(stage.app).options)
      expect(plan.toBeCreated).toEqual([])
      expect(plan.toBeAdded).toEqual([])
      expect((await plan.compileMigrations()).replace(/;/g, '').trim()).toBe('')
      await stage.app.db.withoutPlugins().schema.alterTable('session').dropColumn('userAgent').execute()
      const short = await getMigrations(openAuth(stage.app).options)
      expect(short.toBeAdded.map(({ table }) => table)).toEqual(['session'])
    } finally {
      await stage.close()
    }
  })
})
