import type { App } from '#api/app.ts'
import type { Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import { hashSecret, newSecret } from '#api/lib/tokens.ts'
import { senderOf } from '#api/notices/composed.ts'
import type { Writer } from '#api/notices/fold-writer.ts'
import type { MailTemplate } from '#api/notices/update-mail.ts'
import type { Locale, Words } from '#content/locales.ts'
import { isOpen } from './claim.ts'
import { claimsOfContacts, insertLinks, offerOfNotice } from './contact-queries.ts'
import { claimUrl, goodbyeUrl } from './links.ts'
import { type OwnWords, offerHeaders, offerMail, offerSms, type ToldOffer } from './offer-message.ts'
import { findOffer, termsAt } from './offer-queries.ts'
import { shareIn } from './share.ts'

/**
 * Writes the messages of an offer. Each gets a link of its own, whose secret stands in the message and whose hash goes
 * into the record with the batch, in one transaction. "wait" while the offer is not live: nothing goes out that is not
 * approved. Null when the offer is not in the record.
 */
export async function offerWriter(
  app: App,
  notice: Row<'notice'>,
  deliveries: Row<'delivery'>[],
): Promise<Writer | 'wait' | null> {
  const offer = await offerOfNotice(app.db, notice.id)
  if (!offer) return null
  if (offer.state !== 'live' || offer.liveVersion === null) return 'wait'
  const { liveVersion } = offer
  const claims = await claimsOfContacts(
    app.db,
    offer.id,
    deliveries.map(({ subscriberId }) => subscriberId),
  )
  const words = await termsAt(app.db, offer.id, liveVersion)
  const told: ToldOffer = { ...offer, title: fromJson<Words>(words.title), terms: fromJson<Words>(words.terms) }
  const sender = senderOf(app)
  const mails = new Map<Locale, MailTemplate>()
  const links: { secretHash: string; claimId: string; deliveryId: string }[] = []
  return {
    silent: ({ subscriberId }) => {
      const claim = claims.get(subscriberId)
      return claim && (isOpen(claim.state) || claim.state === 'issued') ? null : 'there is nothing to claim any more'
    },
    write(delivery) {
      const { id: deliveryId, noticeId, address, locale, channel } = delivery
      const claim = claims.get(delivery.subscriberId)!
      const secret = newSecret()
      links.push({ secretHash: hashSecret(secret), claimId: claim.id, deliveryId })
      const base = { deliveryId, noticeId, address, locale }
      const link = claimUrl(app.config, secret)
      if (channel === 'sms') return { ...base, text: offerSms(told, locale, sender, link) }
      const template = mails.get(locale) ?? offerMail(told, locale, sender)
      mails.set(locale, template)
      const goodbye = goodbyeUrl(app.config, deliveryId)
      const share = shareIn(locale, { ...claim, kind: offer.kind, currency: offer.currency })
      const fills: OwnWords = { share, claim: link, goodbye }
      return { ...base, ...template, fills, headers: offerHeaders(goodbye, offer.incidentId) }
    },
    async stillWhole(trx) {
      const now = await findOffer(trx, offer.id)
      if (now?.state !== 'live' || now.liveVersion !== liveVersion) return false
      await insertLinks(trx, app.now(), links)
      return true
    },
  }
}
