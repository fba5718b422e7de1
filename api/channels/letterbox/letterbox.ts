import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Clock } from '#api/lib/clock.ts'
import { hashText } from '#api/lib/pack.ts'
import { type Instant, toMs } from '#api/lib/time.ts'
import { type Channel, DeliveryFailed, type FrozenBatch, type Message, readFrozen } from '../channel.ts'
import { filled } from '../filling.ts'

/** What stands in a list of letters; the letter itself is read by its id. */
export interface LetterHead {
  /** "<batch file>.<position>" */
  id: string
  at: Instant
  channel: string
  address: string
  locale: string
  subject: string | null
  /** The first words of a message without a subject. */
  opening?: string
}

/** A batch as it lies in the letterbox. */
export interface LetterFile {
  at: Instant
  channel: string
  messages: Message[]
}

/** Messages in one file. */
const batchSizeMax = 100
/** Characters of an opening. */
const openingLength = 60
const keepMs = 23 * 3_600_000

export const zip = promisify(gzip)
export const unzip = promisify(gunzip)

/** A channel that keeps messages for staff to read instead of sending them. The same batch twice lies there once. */
export function letterboxChannel(
  dir: string,
  clock: Clock,
  rest: Pick<Channel, 'name' | 'confirmation' | 'parse' | 'example'>,
): Channel {
  return {
    ...rest,
    provider: 'letterbox',
    offReason: null,
    batchSizeMax,
    perSecond: Number.POSITIVE_INFINITY,
    expiresAfterMs: keepMs,
    sendTimeoutMs: 10_000,
    idempotent: true,
    freeze: (messages) => JSON.stringify(messages.map(whole)),
    async send(batch) {
      try {
        await put(dir, clock, rest.name, batch)
      } catch (error) {
        throw new DeliveryFailed(`The letterbox cannot be written: ${(error as Error).message}`.slice(0, 300))
      }
      return batch.deliveryIds.map((deliveryId, position) => ({
        deliveryId,
        state: 'sent',
        providerId: `${nameOf(batch)}.${position}`,
      }))
    },
  }
}

/** A message as it is read. */
const whole = ({ fills, ...message }: Message): Message => ({
  ...message,
  ...(message.subject === undefined ? {} : { subject: filled(message.subject, fills) }),
  ...(message.html === undefined ? {} : { html: filled(message.html, fills) }),
  text: filled(message.text, fills),
})

const nameOf = (batch: FrozenBatch) => hashText(batch.key).slice(0, 24)

/** The list beside each file is named after the file's own time, so that writing it again changes nothing. */
export const headFile = (at: Instant, name: string) => `${String(toMs(at)).padStart(15, '0')}-${name}.json`

async function put(dir: string, clock: Clock, channel: string, batch: FrozenBatch): Promise<void> {
  await mkdir(join(dir, 'heads'), { recursive: true })
  const name = nameOf(batch)
  const file = join(dir, `${name}.json.gz`)
  let letter: LetterFile
  if (existsSync(file)) letter = JSON.parse((await unzip(await readFile(file))).toString('utf8'))
  else {
    letter = { at: clock.now(), channel, messages: readFrozen(batch.bytes) }
    await writeWhole(file, await zip(JSON.stringify(letter), { level: 1 }))
  }
  const heads = letter.messages.map(
    (message, position): LetterHead => ({
      id: `${name}.${position}`,
      at: letter.at,
      channel,
      address: message.address,
      locale: message.locale,
      subject: message.subject ?? null,
      ...(message.subject ? {} : { opening: [...message.text].slice(0, openingLength).join('') }),
    }),
  )
  await writeWhole(join(dir, 'heads', headFile(letter.at, name)), JSON.stringify(heads))
}

async function writeWhole(file: string, content: string | Buffer): Promise<void> {
  await writeFile(`${file}.tmp`, content)
  await rename(`${file}.tmp`, file)
}
