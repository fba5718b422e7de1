import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { databaseTrouble } from './trouble.ts'

const error = (code: string, message = 'of the driver') => Object.assign(new Error(message), { code })

it('names the cause when the database is locked, full, gone or away, and keeps silent about other errors', () => {
  expect(databaseTrouble(error('SQLITE_BUSY_SNAPSHOT'))).toMatch(/locked/)
  expect(databaseTrouble(error('SQLITE_FULL'))).toMatch(/full/)
  expect(databaseTrouble(error('53100'))).toMatch(/full/)
  expect(databaseTrouble(error('SQLITE_IOERR_WRITE'))).toMatch(/cannot be read or written/)
  expect(databaseTrouble(error('3D000'))).toMatch(/turns this program away/)
  expect(databaseTrouble(error('28P01'))).toMatch(/turns this program away/)
  expect(databaseTrouble(error('25006'))).toMatch(/takes no writes/)
  expect(databaseTrouble(error('EAI_AGAIN'))).toMatch(/does not answer/)
  expect(databaseTrouble(error('57P01'))).toMatch(/does not answer/)
  expect(databaseTrouble(new Error('Connection terminated unexpectedly'))).toMatch(/does not answer/)
  for (const other of [error('23505'), error('SQLITE_CONSTRAINT'), error('ERR_INVALID_ARG_TYPE'), new Error('Oh.')])
    expect(databaseTrouble(other)).toBeNull()
})

it('knows what the drivers really say of a locked file and of a server that is not there', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'candor-locked-'))
  const [one, other] = [1, 2].map(() => new Sqlite(join(dir, 'record.db'), { timeout: 0 })) as [
    Sqlite.Database,
    Sqlite.Database,
  ]
  one.exec('begin exclusive')
  const caught = (() => {
    try {
      other.exec('begin immediate')
    } catch (error) {
      return error as Error
    }
  })()
  expect(databaseTrouble(caught!)).toMatch(/locked/)
  one.close()
  other.close()
  rmSync(dir, { recursive: true })
  const refused = await new Client({ host: '127.0.0.1', port: 1 }).connect().catch((error: Error) => error)
  expect(databaseTrouble(refused as Error)).toMatch(/does not answer/)
})
