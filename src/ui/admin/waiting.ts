import type { ApiClient } from '#api/client.ts'
import type { Statement } from '#api/statements/show.ts'
import { needsLead } from '#api/statements/types.ts'
import { fill, wordsOf } from '#content/words.ts'
import { plain } from '../../lib/said.ts'
import type { Offer } from './compensation/shape.ts'
import type { Desk } from './desk.ts'
import { bodyOf } from './forms.ts'

/** A text or an offer that is somebody's turn. */
export interface Waiting {
  href: string
  title: string
  kind: string
  /** What it waits for, in words. */
  why: string
  /** Whoever looks can do it. */
  mine: boolean
  /** It was to go out by itself, and did not or will not. */
  alarm: boolean
}

interface Person {
  id: string
  roles: readonly string[]
}

/** What a statement waits for; null while it is nobody's turn. */
export function ofStatement(statement: Statement, { roles }: Person, desk: Desk): Waiting | null {
  const { state, incidentId, id, type } = statement
  const w = desk.w.desk.waiting
  const speaks = roles.some((role) => ['owner', 'lead', 'comms'].includes(role))
  const legal = roles.includes('legal')
  const went = statement.events.findLast(({ kind }) => ['facts_changed', 'scheduled', 'published'].includes(kind))
  const willStop = state === 'scheduled' && statement.differs.length > 0
  const stopped = state !== 'scheduled' && went?.kind === 'facts_changed'
  if (state === 'scheduled' && !willStop) return null
  const mine = { legal_review: legal, approved: needsLead(type) ? roles.includes('lead') : speaks }
  const isMine = state in mine ? mine[state as keyof typeof mine] : speaks
  const waits = {
    legal_review: legal ? w.you : w.legal,
    changes_requested: w.changes,
    approved: w.ready,
    scheduled: w.willStop,
  }
  return {
    href: `/admin/incidents/${incidentId}/statements/${id}`,
    title: plain(statement.text.title, desk.locale),
    kind: wordsOf(desk.locale).statements.public.type[type],
    why: [...(stopped ? [w.stopped] : []), waits[state as keyof typeof waits] ?? ''].filter(Boolean).join(' · '),
    mine: isMine,
    alarm: stopped || willStop,
  }
}

/** What an offer waits for: those who must approve it, or whoever lets it go live. */
function ofOffer(offer: Offer, { id, roles }: Person, desk: Desk): Waiting {
  const { locale, w } = desk
  const { required, given, needsSecondPerson } = offer.approval
  const did = given.some((one) => one.personId === id && one.voidedAt === null && one.decision === 'approved')
  const pending = offer.state === 'pending_approval'
  const asked = required.filter(({ role, filledBy }) => roles.includes(role) && (!filledBy || needsSecondPerson))
  const missing = required.filter(({ filledBy }) => !filledBy).map(({ title }) => plain(title, locale))
  const mine = pending ? !did && asked.length > 0 : desk.may(`/admin/incidents/${offer.incidentId}/compensation/new`)
  const list = new Intl.ListFormat(locale, { type: 'conjunction' })
  return {
    href: `/admin/incidents/${offer.incidentId}/compensation/${offer.id}`,
    title: plain(offer.title, locale),
    kind: wordsOf(locale).compensation.desk.tab,
    why: pending
      ? mine
        ? w.desk.waiting.you
        : fill(w.desk.waiting.roles, { roles: list.format(missing) })
      : w.desk.waiting.live,
    mine,
    alarm: false,
  }
}

/** Everything that waits for a decision: first what did not go out by itself, then what whoever looks can do. */
export async function waitingOf(api: ApiClient, person: Person, desk: Desk): Promise<Waiting[]> {
  const { data: statements } = await bodyOf(await api.api.v1.statements.waiting.$get())
  const { data: offers } = await bodyOf(await api.api.v1.offers.waiting.$get())
  return [
    ...statements.flatMap((statement) => ofStatement(statement, person, desk) ?? []),
    ...offers.map((offer) => ofOffer(offer, person, desk)),
  ].sort((a, b) => Number(b.alarm) - Number(a.alarm) || Number(b.mine) - Number(a.mine))
}
