import type { App } from '#api/app.ts'
import { record } from '#api/audit/audit.ts'
import { notFound } from '#api/errors.ts'
import { shownAddress } from '#api/subscribers/address.ts'
import type { Locale } from '#content/locales.ts'
import { findOptOut, findRecipient, optOut } from './contact-queries.ts'
import { readGoodbyeToken } from './links.ts'

interface Leaving {
  /** Masked. */
  address: string
  locale: Locale
  left: boolean
}

/** Whom a link in a message with an offer belongs to. Throws `not_found`. */
export async function readGoodbye(app: App, token: string): Promise<Leaving> {
  const { channel, address, locale } = await recipientOf(app, token)
  const left = (await findOptOut(app.db, channel, address)) !== undefined
  return { address: shownAddress(address, false), locale, left }
}

/** No more offers go to this address; notices about incidents are not touched. Done twice it is done once. Throws `not_found`. */
export async function leaveOffers(app: App, token: string): Promise<Leaving> {
  const { channel, address, locale, deliveryId } = await recipientOf(app, token)
  await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    if (await optOut(trx, { channel, address, createdAt: now }))
      await record(trx, now, { id: 'customer', roles: [] }, 'offers.left', deliveryId, { after: { channel } })
  })
  return { address: shownAddress(address, false), locale, left: true }
}

async function recipientOf(app: App, token: string) {
  const deliveryId = readGoodbyeToken(app.config, token)
  const recipient = deliveryId ? await findRecipient(app.db, deliveryId) : undefined
  if (!deliveryId || !recipient) throw notFound('This link')
  return { ...recipient, deliveryId }
}
