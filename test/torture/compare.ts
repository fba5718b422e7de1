import type { App } from '#api/app.ts'

/** The ledger beside what the provider remembers, row for row. */
export interface Comparison {
  rows: number
  taken: number
  /** Rows that arrived, each with an id that the provider gave to a message to this very address. */
  equal: number
  /** Rows that say they arrived, and of which the provider knows nothing. */
  invented: string[]
  /** Rows that did not arrive and give no reason; and addresses without a row. */
  lost: string[]
  /** Addresses that were told twice. */
  doubled: string[]
  /** Of those, the ones whose row does not say that this was possible. */
  unmarked: string[]
  /** Rows that say they did not arrive although the provider took them. */
  denied: string[]
  /** Rows of which nobody knows, each with its reason. */
  unknown: number
  /** Rows that say they may be told twice. */
  marked: number
}

const arrived = new Set(['sent', 'delayed', 'delivered'])

export async function compare(
  app: App,
  channel: string,
  taken: { address: string; id: string }[],
): Promise<Comparison> {
  const byAddress = new Map<string, string[]>()
  for (const { address, id } of taken) byAddress.set(address, [...(byAddress.get(address) ?? []), id])
  const rows = await app.db
    .selectFrom('delivery')
    .select(['address', 'state', 'reason', 'providerId', 'possibleDuplicate'])
    .where('channel', '=', channel)
    .execute()
  const told = new Set(rows.map(({ address }) => address))
  const subscribers = await app.db.selectFrom('subscriber').select('address').where('channel', '=', channel).execute()
  const ids = (address: string) => byAddress.get(address) ?? []
  const some = (is: (row: (typeof rows)[number]) => boolean) => rows.filter(is).map(({ address }) => address)
  return {
    rows: rows.length,
    taken: taken.length,
    equal: rows.filter(
      ({ state, address, providerId }) => arrived.has(state) && ids(address).includes(providerId ?? ''),
    ).length,
    invented: some(({ state, address, providerId }) => arrived.has(state) && !ids(address).includes(providerId ?? '')),
    lost: [
      ...some(({ state, reason }) => !arrived.has(state) && !reason),
      ...subscribers.map(({ address }) => address).filter((address) => !told.has(address)),
    ],
    doubled: [...byAddress].filter(([, all]) => all.length > 1).map(([address]) => address),
    unmarked: some(({ address, possibleDuplicate }) => ids(address).length > 1 && !possibleDuplicate),
    denied: some(({ state, address }) => !arrived.has(state) && state !== 'unknown' && ids(address).length > 0),
    unknown: rows.filter(({ state }) => state === 'unknown').length,
    marked: rows.filter(({ possibleDuplicate }) => possibleDuplicate).length,
  }
}

/** The comparison as a person reads it. */
export const inWords = (compared: Comparison): string =>
  [
    `rows in the ledger ${compared.rows}, messages at the provider ${compared.taken}`,
    `equal ${compared.equal}, unknown with a reason ${compared.unknown}, lost ${compared.lost.length}`,
    `doubled ${compared.doubled.length}, of them unmarked ${compared.unmarked.length}; rows marked ${compared.marked}`,
    `invented ${compared.invented.length}, denied ${compared.denied.length}`,
  ].join('\n')
