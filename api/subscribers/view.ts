import type { Config } from '#api/config.ts'
import type { Schema } from '#api/db/schema.ts'
import { deriveToken } from '#api/lib/tokens.ts'
import type { Locale } from '#content/locales.ts'
import { maskAddress } from './address.ts'

type EndpointRow = Schema['endpoint']

/** A subscription as the holder of one of its links sees it. The address is masked: links get passed on. */
export interface SubscriptionView {
  channel: string
  address: string
  locale: Locale
  everything: boolean
  componentIds: string[]
  /** Confirmed and not closed: messages come. */
  active: boolean
}

/** The view with the tokens of its own links. */
export interface OwnView extends SubscriptionView {
  preferences: string
  unsubscribe: string
  /** Of a webhook or a chat what its owner should know; null of everything else. */
  endpoint: EndpointView | null
}

interface EndpointView {
  /** Masked. */
  owner: string
  /** Whether requests are signed with a secret that we made. */
  signed: boolean
  /** We switched it off, and its owner may switch it on again. */
  disabled: boolean
}

type Row = {
  id: string
  generation: number
  channel: string
  address: string
  locale: Locale
  confirmedAt: string | null
  closedAt: string | null
}

export const viewOf = (row: Row, componentIds: string[]): SubscriptionView => ({
  channel: row.channel,
  address: maskAddress(row.address),
  locale: row.locale,
  everything: componentIds.length === 0,
  componentIds,
  active: row.confirmedAt !== null && row.closedAt === null,
})

export const ownViewOf = (
  config: Pick<Config, 'secretKeys'>,
  row: Row,
  componentIds: string[],
  endpoint?: Pick<EndpointRow, 'owner' | 'secret' | 'disabledAt'>,
): OwnView => ({
  ...viewOf(row, componentIds),
  preferences: deriveToken(config.secretKeys, 'preferences', row.id, row.generation),
  unsubscribe: deriveToken(config.secretKeys, 'unsubscribe', row.id, row.generation),
  endpoint: endpoint
    ? {
        owner: maskAddress(endpoint.owner),
        signed: row.channel === 'webhook' && endpoint.secret !== null,
        disabled: row.closedAt !== null && endpoint.disabledAt !== null,
      }
    : null,
})
