import type { App } from '#api/app.ts'
import type { SmsLength } from '#api/channels/sms/segments.ts'
import { openOffers } from '#api/compensation/announced-queries.ts'
import { notFound } from '#api/errors.ts'
import { readWhole } from '#api/incidents/queries.ts'
import { type Price, priceOfMinor } from '#api/lib/money.ts'
import { countAudience, type Headcount } from '#api/subscribers/queries.ts'
import { type Locale, locales } from '#content/locales.ts'
import { compose, pageOrder, senderOf } from './composed.ts'
import { audienceOfDraft, type NoticeDraft, toldOfDraft } from './draft.ts'
import { estimateSms, noPrice, type SmsEstimate, tooSlow } from './sms-pace.ts'
import type { Told } from './told.ts'
import { forReader, type MailTemplate } from './update-mail.ts'
import { type Sms, shortUrl, updateSms } from './update-sms.ts'

/** What stands for a reader's own secret in a preview. */
const tokenShown = '…'

interface ChannelReach extends Headcount {
  /** Why nobody is reached although they are counted: the channel is off. */
  off: string | null
  /** What it costs to tell them, in minor units, null when no price is set; SMS only. */
  cost?: { amountMinor: number; currency: string } | null
  /** How long it takes, and how many it would not reach; SMS only. */
  pace?: Omit<SmsEstimate, 'cost'>
}

export interface NoticePreview {
  email: Record<Locale, MailTemplate>
  sms: Record<Locale, Omit<Sms, 'template'>>
  /** Channels that this draft goes out on; one that is missing tells nobody. */
  reach: Record<string, ChannelReach>
  /** Sentences: an SMS that no longer fits one segment, a sender too slow for all who are told, a price that nobody set. */
  warnings: string[]
}

/**
 * What readers would get if this draft were published now, made by the code that sends, with a mark where each reader's
 * own links go. Changes nothing. Throws not_found when the incident does not exist.
 */
export async function previewNotices(app: App, draft: NoticeDraft): Promise<NoticePreview> {
  const incident = draft.incidentId ? await readWhole(app.db, draft.incidentId) : null
  if (draft.incidentId && !incident) throw notFound('This incident')
  const offers = incident ? await openOffers(app.db, incident.id, app.now()) : []
  const told = toldOfDraft(draft, incident, await pageOrder(app.db), { now: app.now(), offers })
  const composed = compose(told, senderOf(app))
  const { publicUrl } = app.config
  const links = {
    preferences: `${publicUrl}/preferences/${tokenShown}`,
    unsubscribe: `${publicUrl}/unsubscribe/${tokenShown}`,
    rating: `${publicUrl}/feedback/${told.incidentId}/${tokenShown}`,
  }
  const each = <T>(make: (locale: Locale) => T) =>
    Object.fromEntries(locales.map((locale) => [locale, make(locale)])) as Record<Locale, T>
  const sms = each((locale) => composed.sms(locale))
  const reach: NoticePreview['reach'] = {}
  const warnings = locales.filter((locale) => sms[locale].segments > 1).map((locale) => tooLong(locale, sms[locale]))
  for (const [name, count] of Object.entries(await countAudience(app.db, audienceOfDraft(draft, incident)))) {
    const channel = app.channels.find((one) => one.name === name)
    // Webhooks and chats that nobody has set up are no news to whoever is about to publish.
    if (channel?.perAddress && !count.people && !count.suppressed) continue
    reach[name] = { ...count, off: channel?.offReason ?? null }
    if (name !== 'sms') continue
    const { cost, ...pace } = estimate(app, count, sms)
    Object.assign(reach[name], { cost, pace })
    warnings.push(...smsTrouble(app, count, sms))
  }
  return {
    email: each((locale) => forReader(composed.mail(locale), links)),
    sms: each((locale) => shownSms(sms[locale])),
    reach,
    warnings,
  }
}

const segmentsOf = ({ locales: people }: Headcount, sms: Record<Locale, SmsLength>): number =>
  locales.reduce((sum, locale) => sum + (people[locale] ?? 0) * sms[locale].segments, 0)

const shownSms = ({ template: _, ...sms }: Sms): Omit<Sms, 'template'> => sms

/** What a segment costs: as the settings say, else the site file. */
const priceOf = ({ config, site }: App): Price | null =>
  config.sms.pricePerSegment ?? (site.smsPricePerSegment ? priceOfMinor(site.smsPricePerSegment) : null)

const unlimited = { perSecond: Number.POSITIVE_INFINITY, expiresAfterMs: 0 }
const smsOf = ({ channels }: App) => channels.find(({ name, offReason }) => name === 'sms' && !offReason)

function estimate(app: App, count: Headcount, sms: Record<Locale, Sms>): SmsEstimate {
  const audience = { people: count.people, segments: segmentsOf(count, sms) }
  return estimateSms(audience, smsOf(app) ?? unlimited, priceOf(app))
}

/** What stands against telling these people by SMS. */
function smsTrouble(app: App, count: Headcount, sms: Record<Locale, Sms>): string[] {
  const channel = smsOf(app)
  if (!channel || !count.people) return []
  const slow = tooSlow({ people: count.people, segments: segmentsOf(count, sms) }, channel)
  return [...(slow ? [slow] : []), ...(priceOf(app) ? [] : [noPrice])]
}

const tooLong = (locale: Locale, { segments, units, encoding }: Sms) =>
  `The SMS in ${locale} takes ${segments} segments (${units} characters in ${encoding}).`

/**
 * What is wrong with SMS whatever is written in them: languages in which the fixed words and the address alone no
 * longer fit one segment, and a sender too slow for all who chose SMS. For the log at start.
 */
export async function smsWarnings(app: App): Promise<string[]> {
  const sender = senderOf(app)
  const at = app.now()
  const shortest: Told = {
    incidentId: '',
    code: '0000',
    status: 'investigating',
    impact: 'critical',
    title: {},
    body: {},
    scope: {},
    notAffected: {},
    workaround: {},
    startedAt: at,
    endedAt: null,
    publishedAt: at,
    nextUpdateAt: at,
    correction: false,
    raised: false,
    components: [],
    offers: [],
  }
  const sms = Object.fromEntries(locales.map((locale) => [locale, updateSms(shortest, locale, sender)])) as Record<
    Locale,
    Sms
  >
  const componentIds = (await pageOrder(app.db)).map(({ id }) => id)
  const { sms: all } = await countAudience(app.db, { sms: { componentIds, everything: true } })
  const long = locales
    .filter((locale) => sms[locale].segments > 1)
    .map(
      (locale) =>
        `With ${shortUrl(app.config.publicUrl, '0000')} an SMS in ${locale} no longer fits one segment: a shorter PUBLIC_URL or sign in the site file makes each cheaper.`,
    )
  return [...long, ...(all ? smsTrouble(app, all, sms) : [])]
}
