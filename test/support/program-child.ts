import { readConfig } from '#api/config.ts'
import { startProgram } from '#api/program.ts'

// The whole program, front door and worker, on the site as it was built: a process that tests kill.
const program = await startProgram(readConfig(process.env, 'test'), { build: false })
process.on('SIGTERM', () => program.stop().then(() => process.exit(0)))
