import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { type Config, ConfigError, readConfig } from './config.ts'
import { AppError } from './errors.ts'

// The command line: says what it does in plain sentences. Wrong usage is one sentence and exit code 2, a failure exit code 1.
// The program itself is loaded when a command is going to run: a wrong word is answered at once.
const usage = `npm run candor -- <command>

  demo [--fresh] [--play[=SPEED]]         the demonstration company on one port; --fresh starts over,
                                          --play lets the evening happen, 60 times as fast unless told
  dev                                     the demonstration, started again whenever a file changes
  migrate                                 brings the record to this version's form
  owner-link                              a link that makes whoever opens it the first owner
  user create --email A --name N --role R[,R]   adds a person and prints the link to their password
  token create --name N --role R          an API token, shown once
  token list                              the tokens and when they were last used
  token revoke ID                         the token opens nothing any more
  hold                                    before a restored record is used: nothing that was open is sent
                                          until a person lets it go on
  compensation verify                     counts claims, sums, codes and billing of every offer again from
                                          their rows, and names what differs
  publish [--start-over]                  draws every page again; --start-over also when the record
                                          is older than the page
  export DIR                              the published folder, with settings for nginx, Caddy and others;
                                          asks nothing of the database
  sample-affected FILE                    the demonstration's list of affected customers, as CSV to import
  help                                    this text

Settings come from the environment; the README lists them. On a demonstration's data folder (DATA_DIR=./data/demo)
none is needed.`

class UsageError extends Error {}

/** Options of one command; what is not listed is a sentence and exit 2. */
function optionsOf<T extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: T, positionals = 0) {
  try {
    const parsed = parseArgs({ args, options, allowPositionals: positionals > 0, strict: true })
    if (parsed.positionals.length > positionals) throw new Error(`"${parsed.positionals.at(-1)}" is one word too many.`)
    return parsed
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. To specify')[0]?.replace(/\.$/, '')}.`)
  }
}

const needed = (value: string | undefined, name: string, example: string): string => {
  if (!value?.trim()) throw new UsageError(`--${name} is missing, such as --${name} ${example}.`)
  return value.trim()
}

/** Today's settings; a demonstration's data folder is recognised by its file and needs none. */
function settings(): Config {
  const folder = process.env.DATA_DIR || './data'
  return readConfig(process.env, existsSync(join(folder, 'demo.json')) ? 'demo' : 'production')
}

const say = (line: string) => console.log(line)

/** Runs a command on today's settings, which are looked at first. */
async function run(
  command: (commands: typeof import('./commands.ts'), config: Config) => Promise<void>,
): Promise<void> {
  const config = settings()
  await command(await import('./commands.ts'), config)
}

const table: Record<string, (args: string[]) => Promise<void>> = {
  async demo(args) {
    // parseArgs knows no option whose value may be left out.
    const spelled = args.map((arg) => (arg === '--play' ? '--play=60' : arg))
    const { values } = optionsOf(spelled, { fresh: { type: 'boolean' }, play: { type: 'string' } })
    const play = values.play === undefined ? null : Number(values.play)
    if (play !== null && !(play >= 1 && play <= 3_600))
      throw new UsageError(
        '--play takes a speed from 1 to 3600, such as --play=30: thirty times as fast as the evening.',
      )
    const { startDemonstration } = await import('./demo/demo.ts')
    const program = await startDemonstration(process.env, { fresh: values.fresh ?? false, play, say })
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => program.stop().then(() => process.exit(0)))
  },
  async dev(args) {
    optionsOf(args, {})
    const { runDev } = await import('./dev.ts')
    await runDev(process.env)
  },
  async migrate(args) {
    optionsOf(args, {})
    await run((commands, config) => commands.migrateRecord(config, say))
  },
  async 'owner-link'(args) {
    optionsOf(args, {})
    await run((commands, config) => commands.ownerLink(config, say))
  },
  async 'user create'(args) {
    const { values } = optionsOf(args, {
      email: { type: 'string' },
      name: { type: 'string' },
      role: { type: 'string', multiple: true },
    })
    const email = needed(values.email, 'email', 'lin@example.com')
    const name = needed(values.name, 'name', '"Lin Zhixia"')
    const roles = needed(values.role?.join(','), 'role', 'comms').split(/[\s,]+/)
    await run((commands, config) => commands.createUser(config, say, { email, name, roles }))
  },
  async 'token create'(args) {
    const { values } = optionsOf(args, { name: { type: 'string' }, role: { type: 'string' } })
    const name = needed(values.name, 'name', 'alertmanager')
    const role = needed(values.role, 'role', 'machine')
    await run((commands, config) => commands.makeToken(config, say, { name, role }))
  },
  async 'token list'(args) {
    optionsOf(args, {})
    await run((commands, config) => commands.showTokens(config, say))
  },
  async 'token revoke'(args) {
    const { positionals } = optionsOf(args, {}, 1)
    const [id] = positionals
    if (!id) throw new UsageError('Which token? "npm run candor -- token list" shows their ids.')
    await run((commands, config) => commands.endToken(config, say, id))
  },
  async hold(args) {
    optionsOf(args, {})
    await run((commands, config) => commands.holdAll(config, say))
  },
  async 'compensation verify'(args) {
    optionsOf(args, {})
    await run((commands, config) => commands.verifyCompensation(config, say))
  },
  async publish(args) {
    const { values } = optionsOf(args, { 'start-over': { type: 'boolean' } })
    await run((commands, config) => commands.publish(config, say, { startOver: values['start-over'] ?? false }))
  },
  async export(args) {
    const { positionals } = optionsOf(args, {}, 1)
    const [folder] = positionals
    if (!folder) throw new UsageError('Into which folder? Such as: npm run candor -- export ./status-page.')
    await run((commands, config) => commands.exportFolder(config, say, folder))
  },
  async 'sample-affected'(args) {
    const { positionals } = optionsOf(args, {}, 1)
    const [file] = positionals
    if (!file) throw new UsageError('Into which file? Such as: npm run candor -- sample-affected ./affected.csv.')
    const [{ affectedCsv }, { readMerchants }] = await Promise.all([
      import('./demo/customers.ts'),
      import('./demo/company.ts'),
    ])
    const csv = affectedCsv(readMerchants())
    writeFileSync(file, csv)
    say(
      `${file} holds ${csv.trimEnd().split('\n').length - 1} rows below its headings. Import it on the page of the incident.`,
    )
  },
  async help() {
    say(usage)
  },
}

const words = process.argv.slice(2)
const [first = 'help', second = ''] = words
const name = ['--help', '-h'].some((flag) => words.includes(flag))
  ? 'help'
  : `${first} ${second}` in table
    ? `${first} ${second}`
    : first
try {
  const command = table[name]
  if (!command) throw new UsageError(`There is no command "${words.join(' ')}".`)
  await command(words.slice(name.split(' ').length))
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message} "npm run candor -- help" shows what there is.`)
    process.exit(2)
  }
  const known = error instanceof AppError || error instanceof ConfigError || error instanceof Error
  console.error(known ? error.message : error)
  process.exit(1)
}
