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

/** "1 person", "8,853 people". */
export const countPeople = ({ w, locale }: Desk, people: number): string =>
  fill(people === 1 ? w.preview.person : w.preview.people, { people: new Intl.NumberFormat(locale).format(people) })
