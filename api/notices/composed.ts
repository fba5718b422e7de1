import type { App } from '#api/app.ts'
import type { ChatParts } from '#api/channels/channel.ts'
import { openOffers } from '#api/compensation/announced-queries.ts'
import { gravest } from '#api/components/component.ts'
import { currentStatuses, listComponents } from '#api/components/queries.ts'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { readWhole } from '#api/incidents/queries.ts'
import { derivedId } from '#api/lib/ids.ts'
import { fromJson } from '#api/lib/json.ts'
import { readIdentity } from '#api/status/queries.ts'
import type { Locale, Words } from '#content/locales.ts'
import { type PageOrder, type Told, toldOf } from './told.ts'
import { updateChat } from './update-chat.ts'
import { type HookEnvelope, type HookPage, hookFor, updateHook } from './update-hook.ts'
import { type MailTemplate, type Sender, updateMail } from './update-mail.ts'
import { type Sms, updateSms } from './update-sms.ts'

/** The messages of one update, each made once per language. */
export interface Composed {
  told: Told
  sender: Sender
  mail(locale: Locale): MailTemplate
  sms(locale: Locale): Sms
}

/** With what the fan-out alone needs. */
export interface ComposedNotice extends Composed {
  chat(locale: Locale): { chat: ChatParts; text: string }
  /** The body of a webhook for one reader, who leaves by this link. */
  hook(locale: Locale, unsubscribe: string): string
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

/** The page as webhooks name it: its id as programs know it, and the gravest state of its components now. */
export async function hookPage({ db, now }: App): Promise<HookPage> {
  const statuses = await currentStatuses(db, now(), { publicOnly: true })
  return { id: derivedId('page', await readIdentity(db)), status: gravest(statuses.values()) }
}

/** Notices whose words are kept in memory while they go out. */
const keptMax = 8
const kept = new WeakMap<App, Map<string, ComposedNotice>>()

/** The messages of a notice, composed at its first batch and the same for all that follow; null when its update is gone. */
export async function composedFor(app: App, notice: Row<'notice'>): Promise<ComposedNotice | null> {
  const mine = kept.get(app) ?? new Map<string, ComposedNotice>()
  kept.set(app, mine)
  const before = mine.get(notice.id)
  if (before) return before
  const incident = notice.incidentId ? await readWhole(app.db, notice.incidentId) : null
  const update = incident?.updates.find(({ id }) => id === notice.updateId)
  const offers = incident && update ? await openOffers(app.db, incident.id, update.createdAt) : []
  const told = incident && update ? toldOf(incident, update.id, await pageOrder(app.db), offers) : null
  if (!incident || !told) return null
  const sender = senderOf(app)
  const page = await hookPage(app)
  const chats = new Map<Locale, ReturnType<typeof updateChat>>()
  const hooks = new Map<Locale, HookEnvelope>()
  const hookIn = (locale: Locale) =>
    once(hooks, locale, () => updateHook(incident, notice.updateId, locale, sender, page))
  const composed: ComposedNotice = {
    ...compose(told, sender),
    chat: (locale) => once(chats, locale, () => updateChat(told, locale, sender)),
    hook: (locale, unsubscribe) => hookFor(hookIn(locale), unsubscribe),
  }
  mine.set(notice.id, composed)
  for (const oldest of mine.keys()) {
    if (mine.size <= keptMax) break
    mine.delete(oldest)
  }
  return composed
}
