import type { App } from '#api/app.ts'
import type { Message } from '#api/channels/channel.ts'
import type { Row } from '#api/db/schema.ts'
import { ratingUrl } from '#api/feedback/links.ts'
import { preferencesUrl, unsubscribeUrl } from '#api/subscribers/links.ts'
import type { ComposedNotice } from './composed.ts'
import type { Standing } from './queries.ts'
import { mailHeaders } from './update-mail.ts'

/** The message of one delivery: what all readers of its language get, with the links of this one. */
export function messageFor(app: App, composed: ComposedNotice, delivery: Row<'delivery'>, standing: Standing): Message {
  const { id: deliveryId, noticeId, address, locale, channel } = delivery
  const base = { deliveryId, noticeId, address, locale }
  if (channel === 'sms') {
    const { text, template } = composed.sms(locale)
    return { ...base, text, ...(template ? { template } : {}) }
  }
  const links = {
    preferences: preferencesUrl(app.config, standing),
    unsubscribe: unsubscribeUrl(app.config, standing),
  }
  if (channel === 'webhook') return { ...base, text: composed.hook(locale, links.unsubscribe) }
  if (app.channels.find(({ name }) => name === channel)?.mergesUpdates) return { ...base, ...composed.chat(locale) }
  const { incidentId, status } = composed.told
  const fills = status === 'resolved' ? { ...links, rating: ratingUrl(app.config, incidentId, standing) } : links
  return {
    ...base,
    ...composed.mail(locale),
    fills,
    headers: mailHeaders(composed.told, composed.sender, links),
  }
}
