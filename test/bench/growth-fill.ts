import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createToken } from '#api/accounts/actions.ts'
import { openApp } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { readConfig } from '#api/config.ts'
import { migrate } from '#api/db/connect.ts'
import { openDrawing } from '#api/drawing.ts'
import { buildOf } from '#api/publish/build-name.ts'
import { writeRevisionFile } from '#api/publish/files.ts'
import { readRevision, recordIdentity } from '#api/status/read.ts'
import { fillHistory } from './history.ts'

// A process of its own, with the settings of the program that comes after it: fills a record with so many components
// and incidents and takes the past as published, so that nothing of it is drawn. Prints a token and a component's id.

const [components = 20, incidents = 100] = process.argv.slice(2).map(Number)
const app = openApp(readConfig(process.env, 'production'))
await migrate(app.db)
const [service = ''] = await fillHistory(app, { components, incidents })
const { token } = await createToken(app, system, { name: 'bench', role: 'owner' })
const dir = join(app.config.dataDir, 'published')
mkdirSync(dir, { recursive: true })
const { build } = await openDrawing(app)
const [record, revision] = [await recordIdentity(app), await readRevision(app)]
await writeRevisionFile(dir, { record, revision, at: app.now(), build: buildOf(app, build) })
await app.close()
console.log(JSON.stringify({ token, components: { service } }))
process.exit(0)
