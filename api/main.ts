import { parseArgs } from 'node:util'
import { createOwnerLink, ownerExists } from './accounts/actions.ts'
import { ConfigError, readConfig } from './config.ts'
import { type Program, startProgram } from './program.ts'

// Production: reads the environment, refuses what is unsafe with every mistake at once, opens, listens.
try {
  const { values } = parseArgs({ options: { role: { type: 'string', default: 'all' } } })
  if (!['web', 'worker', 'all'].includes(values.role)) throw new Error('--role is web, worker or all.')
  const config = readConfig(process.env, 'production')
  const program = await startProgram(config, {
    say: (line) => console.error(line),
    roles: { web: values.role !== 'worker', worker: values.role !== 'web' },
  })
  stopOnSignal(program)
  const { app } = program
  app.log('info', 'program.started', { role: values.role, publicUrl: config.publicUrl })
  for (const channel of app.channels)
    if (channel.offReason) app.log('warn', 'channel.off', { channel: channel.name, reason: channel.offReason })
  if (app.health.trouble) console.error(app.health.trouble)
  else if (values.role !== 'worker' && !(await ownerExists(app)))
    console.error(`No owner yet. Open this link within 24 hours to become the owner:\n${await createOwnerLink(app)}`)
} catch (error) {
  console.error(error instanceof ConfigError || error instanceof Error ? error.message : error)
  process.exit(1)
}

function stopOnSignal(program: Program): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      program.app.log('info', 'program.stopping')
      program.stop().then(() => process.exit(0))
    })
}
