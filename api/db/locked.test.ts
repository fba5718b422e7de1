import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openDb } from './connect.ts'
import { tryToWrite } from './writable.ts'

it('who waits for a locked file holds up nobody else of its process, and goes on when the lock is gone', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'candor-waiting-'))
  const file = join(dir, 'record.db')
  const db = openDb(`file:${file}`)
  await sql`create table said (word text)`.execute(db)
  const other = new Sqlite(file)
  other.exec('begin exclusive')
  let done = false
  const written = db.transaction().execute((trx) => sql`insert into said values ('again')`.execute(trx))
  void written.then(() => {
    done = true
  })
  // Others get their turn while it waits: were the thread held up, the lock would never be let go of.
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(done).toBe(false)
  other.exec('commit')
  await written
  expect(other.prepare('select word from said').all()).toEqual([{ word: 'again' }])
  other.close()
  await db.destroy()
  rmSync(dir, { recursive: true })
})

it('whether a locked file takes a write is found out without keeping others from reading it, and a short lock is none', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'candor-asking-'))
  const file = join(dir, 'record.db')
  const db = openDb(`file:${file}`)
  await sql`create table meta (key text primary key, value text)`.execute(db)
  const other = new Sqlite(file)
  other.exec('begin exclusive')
  let done = false
  const asked = tryToWrite(db, '2026-11-11T12:00:00.000Z').then(() => {
    done = true
  })
  for (let reads = 0; reads < 20; reads++) expect((await sql`select key from meta`.execute(db)).rows).toEqual([])
  expect(done).toBe(false)
  other.exec('commit')
  await asked
  expect(other.prepare('select value from meta').all()).toEqual([{ value: '2026-11-11T12:00:00.000Z' }])
  other.close()
  await db.destroy()
  rmSync(dir, { recursive: true })
})
