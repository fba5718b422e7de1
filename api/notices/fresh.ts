import type { App } from '#api/app.ts'
import type { Channel } from '#api/channels/channel.ts'
import type { Row } from '#api/db/schema.ts'
import { unpack } from '#api/lib/pack.ts'

/** Batches whose bytes stay in memory from their freezing to their first attempt: as many as are written ahead. */
const keptMax = 8

const kept = new WeakMap<App, Map<string, { hash: string; bytes: string }>>()

/** Remembers what has just been stored, so that its first attempt need not unpack it. To be called after the commit. */
export function keepBytes(app: App, channel: Channel, id: string, hash: string, bytes: string): void {
  // One message by itself is unpacked at no cost, and there may be a hundred of them.
  if (channel.batchSizeMax === 1) return
  const mine = kept.get(app) ?? new Map<string, { hash: string; bytes: string }>()
  kept.set(app, mine)
  mine.set(id, { hash, bytes })
  for (const oldest of mine.keys()) {
    if (mine.size <= keptMax) break
    mine.delete(oldest)
  }
}

/** The stored request of a batch: from memory, once, where its hash is the row's, else unpacked. Throws when the row cannot be read. */
export function bytesOf(app: App, batch: Pick<Row<'batch'>, 'id' | 'bytesHash'> & { bytes: string }): string {
  const mine = kept.get(app)
  const fresh = mine?.get(batch.id)
  mine?.delete(batch.id)
  return fresh?.hash === batch.bytesHash ? fresh.bytes : unpack(batch.bytes)
}
