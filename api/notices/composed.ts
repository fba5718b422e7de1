import type { App } from '#api/app.ts'
import { listComponents } from '#api/components/queries.ts'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { readWhole } from '#api/incidents/queries.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Locale, Words } from '#content/locales.ts'
import { type PageOrder, type Told, toldOf } from './told.ts'
import { type MailTemplate, type Sender, updateMail } from './update-mail.ts'
import { type Sms, updateSms } from './update-sms.ts'

/** The messages of one update, each made once per language. */
export interface Composed {
  told: Told
  sender: Sender
  mail(locale: Locale): MailTemplate
  sms(locale: Locale): Sms
}

/** What preview and fan-out share: the same words from the same function. */
export function compose(told: Told, sender: Sender): Composed {
  const mails = new Map<Locale, MailTemplate>()
  const texts = new Map<Locale, Sms>()
  return {
    told,
    sender,
    mail: (locale) => once(mails, locale, () => updateMail(told, locale, sender)),
    sms: (locale) => once(texts, locale, () => updateSms(told, locale, sender)),
  }
}

function once<K, V>(made: Map<K, V>, key: K, make: () => V): V {
  let value = made.get(key)
  if (value === undefined) {
    value = make()
    made.set(key, value)
  }
  return value
}

export const senderOf = ({ site, config }: App): Sender => ({ site, publicUrl: config.publicUrl })

/** Components with their names, in the order of the page. */
export async function pageOrder(db: Db | Trx): Promise<PageOrder> {
  return (await listComponents(db)).map(({ id, name }) => ({ id, name: fromJson<Words>(name) }))
}

/** Notices whose words are kept in memory while they go out. */
const keptMax = 8
const kept = new WeakMap<App, Map<string, Composed>>()

/** The messages of a notice, composed at its first batch and the same for all that follow; null when its update is gone. */
export async function composedFor(app: App, notice: Row<'notice'>): Promise<Composed | null> {
  const mine = kept.get(app) ?? new Map<string, Composed>()
  kept.set(app, mine)
  const before = mine.get(notice.id)
  if (before) return before
  const incident = notice.incidentId ? await readWhole(app.db, notice.incidentId) : null
  const told = incident && notice.updateId ? toldOf(incident, notice.updateId, await pageOrder(app.db)) : null
  if (!told) return null
  const composed = compose(told, senderOf(app))
  mine.set(notice.id, composed)
  for (const oldest of mine.keys()) {
    if (mine.size <= keptMax) break
    mine.delete(oldest)
  }
  return composed
}
