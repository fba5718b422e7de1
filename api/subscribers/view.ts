import type { Config } from '#api/config.ts'
import { deriveToken } from '#api/lib/tokens.ts'
import type { Locale } from '#content/locales.ts'
import { maskAddress } from './address.ts'

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

export const ownViewOf = (config: Pick<Config, 'secretKeys'>, row: Row, componentIds: string[]): OwnView => ({
  ...viewOf(row, componentIds),
  preferences: deriveToken(config.secretKeys, 'preferences', row.id, row.generation),
  unsubscribe: deriveToken(config.secretKeys, 'unsubscribe', row.id, row.generation),
})
