import type { App } from '#api/app.ts'
import type { Message } from '#api/channels/channel.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { preferencesUrl, unsubscribeUrl } from '#api/subscribers/links.ts'
import { capPerHour } from './cap.ts'
import { composedFor, senderOf } from './composed.ts'
import { foldMail, foldSms } from './fold-message.ts'
import { foldedIn } from './fold-queries.ts'
import { findNotice, type Standing } from './queries.ts'
import type { Told } from './told.ts'
import { type MailTemplate, noticeHeaders } from './update-mail.ts'

/** Writes the messages of one notice. */
export interface Writer {
  /** Why a delivery of it has nothing to say; null when it has. */
  silent(delivery: Row<'delivery'>): string | null
  write(delivery: Row<'delivery'>, standing: Standing): Message
  /** Asked in the transaction that freezes them: whether the messages still say all they should. */
  stillWhole(trx: Trx): Promise<boolean>
}

/** Writes messages into which other notices were folded: each once for all who are told the same in the same language. */
export async function foldWriter(app: App, deliveries: Row<'delivery'>[]): Promise<Writer> {
  const foldIds = deliveries.map(({ id }) => id)
  const parts = await foldedIn(app.db, foldIds)
  const told = new Map<string, Told | null>()
  for (const id of new Set(parts.map(({ noticeId }) => noticeId))) {
    const notice = await findNotice(app.db, id)
    told.set(id, notice ? ((await composedFor(app, notice))?.told ?? null) : null)
  }
  const partsOf = (id: string) =>
    parts.filter(({ foldedInto, noticeId }) => foldedInto === id && told.get(noticeId)).map(({ noticeId }) => noticeId)
  const sender = senderOf(app)
  const mails = new Map<string, MailTemplate>()
  const mailOf = ({ id, locale, channel }: Row<'delivery'>): MailTemplate => {
    const noticeIds = partsOf(id)
    const key = `${locale} ${noticeIds}`
    const all = noticeIds.map((noticeId) => told.get(noticeId)!)
    const mail = mails.get(key) ?? foldMail(all, locale, sender, capPerHour[channel]!)
    mails.set(key, mail)
    return mail
  }
  return {
    silent: ({ id }) => (partsOf(id).length ? null : 'what it was to tell was ended by a person'),
    write(delivery, standing) {
      const { id: deliveryId, noticeId, address, locale } = delivery
      const base = { deliveryId, noticeId, address, locale }
      if (delivery.channel === 'sms') return { ...base, text: foldSms(partsOf(deliveryId).length, locale, sender).text }
      const links = {
        preferences: preferencesUrl(app.config, standing),
        unsubscribe: unsubscribeUrl(app.config, standing),
      }
      return { ...base, ...mailOf(delivery), fills: links, headers: noticeHeaders(links) }
    },
    stillWhole: async (trx) => (await foldedIn(trx, foldIds)).length === parts.length,
  }
}
