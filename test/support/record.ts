import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { inject } from 'vitest'
import { openDb } from '#api/db/connect.ts'
import { randomWord } from '#api/lib/ids.ts'
import { roomForTests } from './room.ts'

export const engines = ['sqlite', 'postgres'] as const
export type Engine = (typeof engines)[number]

/**
 * A new, migrated database of its own on this engine, and a data folder; both go with `drop`. `like` is the URL of
 * another one, which nobody has open, to begin with what it holds.
 */
export async function newRecord(
  engine: Engine,
  like?: string,
): Promise<{ url: string; dataDir: string; drop(): Promise<void> }> {
  const dataDir = mkdtempSync(join(roomForTests(), 'candor-test-'))
  const dropFolder = () => rmSync(dataDir, { recursive: true, force: true })
  if (engine === 'sqlite') {
    const url = `file:${dataDir}/candor.db`
    copyFileSync(like?.replace(/^file:/, '') ?? inject('sqlite'), join(dataDir, 'candor.db'))
    return { url, dataDir, drop: async () => dropFolder() }
  }
  const server = inject('postgres')
  const name = `t_${randomWord(12)}`
  const admin = openDb(server)
  const template = like ? new URL(like).pathname.slice(1) : 'template_candor'
  await sql`create database ${sql.id(name)} template ${sql.id(template)}`.execute(admin)
  await admin.destroy()
  return {
    url: server.replace(/\/postgres$/, `/${name}`),
    dataDir,
    async drop() {
      const again = openDb(server)
      await sql`drop database if exists ${sql.id(name)} with (force)`.execute(again)
      await again.destroy()
      dropFolder()
    },
  }
}
