import type { App } from '#api/app.ts'
import { record } from '#api/audit/audit.ts'
import { listComponents } from '#api/components/queries.ts'
import type { Db, Trx } from '#api/db/connect.ts'
import { conflict, notFound } from '#api/errors.ts'
import { type Choice, chooseComponents } from './choice.ts'
import { closeAddress } from './closing-queries.ts'
import { findEndpoint } from './endpoint-queries.ts'
import { readLink } from './links.ts'
import { changeSubscriber, componentsOf, findSubscriber, type SubscriberRow, saveComponents } from './queries.ts'
import { type OwnView, ownViewOf, type SubscriptionView, viewOf } from './view.ts'

type Purpose = 'preferences' | 'unsubscribe'

/** Whose link it is. Throws not_found when we did not make it, or when it was revoked since. */
export async function holder(app: App, db: Db | Trx, purpose: Purpose, token: string): Promise<SubscriberRow> {
  const link = readLink(app.config, purpose, token)
  const subscriber = link && (await findSubscriber(db, link.subject))
  if (!link || !subscriber || subscriber.generation !== link.generation) throw notFound('This link')
  return subscriber
}

/** What a subscriber chose, for the page behind their link. Changes nothing. */
export async function readSettings(app: App, token: string): Promise<OwnView> {
  const subscriber = await holder(app, app.db, 'preferences', token)
  const endpoint = await findEndpoint(app.db, subscriber.id)
  return ownViewOf(app.config, subscriber, await componentsOf(app.db, subscriber.id), endpoint)
}

/**
 * Saves what a subscriber wants from the next update on. `revokeLinks` makes every link given out before invalid; the
 * answer carries the new ones. Throws not_found for a wrong link, conflict after goodbye, invalid for a component.
 */
export async function saveSettings(
  app: App,
  token: string,
  wanted: Choice & { revokeLinks?: boolean },
): Promise<OwnView> {
  const now = app.now()
  return app.db.transaction().execute(async (trx) => {
    const subscriber = await holder(app, trx, 'preferences', token)
    if (subscriber.confirmedAt === null || subscriber.closedAt !== null)
      throw conflict('Nothing is sent to this address. Subscribe again.')
    const known = await listComponents(trx)
    const componentIds = chooseComponents(wanted.componentIds, new Set(known.map(({ id }) => id)))
    const before = { componentIds: await componentsOf(trx, subscriber.id), locale: subscriber.locale }
    const change = {
      locale: wanted.locale,
      everything: componentIds.length ? 0 : 1,
      generation: subscriber.generation + (wanted.revokeLinks ? 1 : 0),
    }
    await changeSubscriber(trx, subscriber.id, change)
    await saveComponents(trx, subscriber.id, componentIds)
    await record(trx, now, { id: subscriber.id, roles: [] }, 'subscriber.changed', subscriber.id, {
      before,
      after: { componentIds, locale: wanted.locale, revokedLinks: wanted.revokeLinks ?? false },
    })
    return ownViewOf(app.config, { ...subscriber, ...change }, componentIds, await findEndpoint(trx, subscriber.id))
  })
}

/** Who would leave by this link. Changes nothing: mail scanners open every link. */
export async function readGoodbye(app: App, token: string): Promise<SubscriptionView & { preferences: string }> {
  const subscriber = await holder(app, app.db, 'unsubscribe', token)
  const { preferences } = ownViewOf(app.config, subscriber, [])
  return { ...viewOf(subscriber, await componentsOf(app.db, subscriber.id)), preferences }
}

/** Ends the messages at once (RFC 8058). The same link again changes nothing more. Throws not_found for a wrong link. */
export async function leave(app: App, token: string): Promise<SubscriptionView> {
  const now = app.now()
  return app.db.transaction().execute(async (trx) => {
    const subscriber = await holder(app, trx, 'unsubscribe', token)
    await closeAddress(trx, now, { ...subscriber, reason: 'unsubscribed' })
    return { ...viewOf(subscriber, await componentsOf(trx, subscriber.id)), active: false }
  })
}
