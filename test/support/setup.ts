import type { TestProject } from 'vitest/node'
import { migrate, openDb } from '#api/db/connect.ts'
import { startPostgres } from './postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: string
  }
}

/** One PostgreSQL for the whole run, with a migrated template that each test's database is cloned from. */
export default async function setup(project: TestProject) {
  const server = await startPostgres()
  const admin = openDb(server.url('postgres'))
  await import('kysely').then(({ sql }) => sql`create database template_candor`.execute(admin))
  const template = openDb(server.url('template_candor'))
  await migrate(template)
  await template.destroy()
  await admin.destroy()
  project.provide('postgres', server.url('postgres'))
  return () => server.stop()
}
