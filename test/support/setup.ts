import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { TestProject } from 'vitest/node'
import { migrate, openDb } from '#api/db/connect.ts'
import { startPostgres } from './postgres.ts'
import { roomForTests } from './room.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The server of the run. */
    postgres: string
    /** A migrated file that each test's record is a copy of. */
    sqlite: string
  }
}

/** One PostgreSQL for the whole run, and on both engines a migrated template that each test's record is cloned from. */
export default async function setup(project: TestProject) {
  const folder = mkdtempSync(join(roomForTests(), 'candor-template-'))
  const file = join(folder, 'candor.db')
  const template = openDb(`file:${file}`)
  await migrate(template)
  await sql`pragma journal_mode = delete`.execute(template)
  await template.destroy()
  project.provide('sqlite', file)

  const server = await startPostgres()
  const admin = openDb(server.url('postgres'))
  await sql`create database template_candor`.execute(admin)
  const cloned = openDb(server.url('template_candor'))
  await migrate(cloned)
  await cloned.destroy()
  await admin.destroy()
  project.provide('postgres', server.url('postgres'))
  return async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
