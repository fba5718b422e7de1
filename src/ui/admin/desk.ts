import { allows, mayOpen, pagePermission } from '#api/accounts/permissions.ts'
import { maySeeAddresses } from '#api/subscribers/address.ts'
import type { Locale } from '#content/locales.ts'
import { fill, type Labels, wordsOf } from '#content/words.ts'
import { type Dates, datesFor } from '../../lib/dates.ts'
import { type View, viewOf } from '../../lib/view.ts'

/** What every page of the desk is drawn with. */
export interface Desk {
  locale: Locale
  /** The desk's own labels, and those it shares with the public page. */
  w: Labels['admin']
  labels: Labels['page']
  dates: Dates
  view: View
  /** Whether whoever is signed in may open an address. */
  may(path: string): boolean
  /** Whether they may post to it. */
  mayPost(path: string): boolean
  /** Whether they see addresses whole, and so may search for one. */
  seesAddresses: boolean
}

export function deskOf({ locale, site, now, person }: App.Locals): Desk {
  const labels = wordsOf(locale)
  return {
    locale,
    w: labels.admin,
    labels: labels.page,
    dates: datesFor(locale, site.zone, now),
    view: viewOf(locale, site.defaultLocale, { zone: site.zone, at: now }),
    may: (path) => mayOpen(person?.roles ?? [], path),
    mayPost: (path) => {
      const row = pagePermission('POST', path)
      return row !== undefined && allows(row, person?.roles ?? [])
    },
    seesAddresses: maySeeAddresses(person?.roles ?? []),
  }
}

/** "Email", or what a channel that has no label is called. */
export const channelName = (w: Desk['w'], channel: string): string =>
  new Map(Object.entries(w.channels)).get(channel) ?? channel

/** Channels that reach one person each; behind the address of a webhook or a chat stand any number, or none. */
const toPeople = new Set(['email', 'sms'])

/** "1 person", "8,853 people". */
export const countPeople = ({ w, locale }: Desk, people: number): string =>
  fill(people === 1 ? w.preview.person : w.preview.people, { people: new Intl.NumberFormat(locale).format(people) })

const countAddresses = ({ w, locale }: Desk, count: number): string =>
  fill(count === 1 ? w.preview.address : w.preview.addresses, { count: new Intl.NumberFormat(locale).format(count) })

/** How many a channel reaches, as what they are: people, or addresses. */
export const countOn = (desk: Desk, channel: string, count: number): string =>
  toPeople.has(channel) ? countPeople(desk, count) : countAddresses(desk, count)

/** "8,854 people, 284 addresses": whom a publication tells on all channels together. */
export function countAll(desk: Desk, reach: Record<string, { people: number }>): string {
  const sum = (people: boolean) =>
    Object.entries(reach).reduce((all, [channel, one]) => all + (toPeople.has(channel) === people ? one.people : 0), 0)
  const addresses = sum(false)
  return [countPeople(desk, sum(true)), ...(addresses ? [countAddresses(desk, addresses)] : [])].join(desk.w.list)
}
