import { type Kysely, sql } from 'kysely'

/** What the ledger needs to be trusted at night: who a batch was written for, and what waits for a person. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  await schema.alterTable('batch').addColumn('provider', 'text').execute()
  await schema.alterTable('notice').addColumn('held_at', 'text').execute()
  await schema.alterTable('notice').addColumn('held_reason', 'text').execute()

  // One more attempt that a person asked for: since when, and what the row said before.
  await schema.alterTable('notice').addColumn('seen_at', 'text').execute()
  await schema.alterTable('delivery').addColumn('asked_at', 'text').execute()
  await schema.alterTable('batch').addColumn('asked_at', 'text').execute()
  await schema
    .createTable('earlier_try')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('delivery_id', 'text', (c) => c.notNull().references('delivery.id'))
    .addColumn('batch_id', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('provider_id', 'text')
    .addColumn('sent_at', 'text')
    .addColumn('ended_at', 'text', (c) => c.notNull())
    .addColumn('asked_at', 'text', (c) => c.notNull())
    .execute()
  await schema.createIndex('earlier_try_delivery').on('earlier_try').column('delivery_id').execute()
  await schema.createIndex('earlier_try_provider').on('earlier_try').column('provider_id').execute()

  // What each callback said of which delivery, so that a person can read when a message arrived.
  await schema.alterTable('provider_event').addColumn('delivery_id', 'text').execute()
  await schema.alterTable('provider_event').addColumn('state', 'text').execute()
  await schema.alterTable('provider_event').addColumn('reason', 'text').execute()
  await schema.createIndex('provider_event_received').on('provider_event').column('received_at').execute()
  await schema.createIndex('provider_event_delivery').on('provider_event').column('delivery_id').execute()
  await schema.createIndex('audit_at').on('audit').columns(['at', 'id']).execute()

  // What is not sent: until when a message is worth sending, who ended a notice, and what was folded into one message.
  for (const column of ['expires_at', 'due_at', 'ended_at', 'ended_reason', 'fold_key'])
    await schema.alterTable('notice').addColumn(column, 'text').execute()
  for (const column of ['bounces_seen', 'outcomes_seen'])
    await schema.alterTable('notice').addColumn(column, 'integer').execute()
  await schema.createIndex('notice_fold').on('notice').column('fold_key').unique().execute()
  await schema.createIndex('notice_held').on('notice').column('held_at').execute()
  await schema.alterTable('delivery').addColumn('folded_into', 'text').execute()
  await schema
    .createIndex('delivery_folded')
    .on('delivery')
    .column('folded_into')
    .where('folded_into', 'is not', null)
    .execute()

  // SMS: when an unknown outcome is next looked up, whether it was sent once more without knowing, and when a message
  // that a network did not deliver is tried again.
  await schema.alterTable('batch').addColumn('next_look_at', 'text').execute()
  await schema.alterTable('batch').addColumn('look_ended_at', 'text').execute()
  await schema.alterTable('batch').addColumn('blind_retry_at', 'text').execute()
  await schema.alterTable('delivery').addColumn('again_at', 'text').execute()
  await schema
    .alterTable('delivery')
    .addColumn('resends', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
  await schema
    .createIndex('delivery_again')
    .on('delivery')
    .column('again_at')
    .where('again_at', 'is not', null)
    .execute()

  // How often a provider may be asked, as its last answer said, and since when it has given none.
  await schema.alterTable('channel_state').addColumn('per_second', 'double precision').execute()
  await schema.alterTable('channel_state').addColumn('silent_since', 'text').execute()

  // A webhook or a robot in a chat: who owns it, what its requests are signed with, and how it has been answering.
  await schema
    .createTable('endpoint')
    .addColumn('subscriber_id', 'text', (c) => c.primaryKey().references('subscriber.id'))
    .addColumn('owner', 'text', (c) => c.notNull())
    .addColumn('secret', 'text')
    .addColumn('old_secret', 'text')
    .addColumn('old_secret_until', 'text')
    .addColumn('first_failed_at', 'text')
    .addColumn('failing_since', 'text')
    .addColumn('disabled_at', 'text')
    .addColumn('disabled_reason', 'text')
    .addColumn('next_send_at', 'text')
    .execute()

  // A fan-out writes a million rows: an index over random addresses, and entries for what is not known yet, cost it more
  // than all the rest. Its rows are found by their subscriber, messages to one person by their address.
  await schema.alterTable('delivery').addColumn('direct_to', 'text').execute()
  await sql`update delivery set direct_to = address
    where notice_id in (select id from notice where seq is null and fold_key is null)`.execute(db)
  for (const index of ['delivery_address', 'delivery_batch', 'delivery_provider'])
    await schema.dropIndex(index).execute()
  await schema.createIndex('subscriber_search').on('subscriber').column('address').execute()
  await schema.createIndex('delivery_subscriber').on('delivery').column('subscriber_id').execute()
  for (const [index, column] of [
    ['delivery_direct', 'direct_to'],
    ['delivery_batch', 'batch_id'],
    ['delivery_provider', 'provider_id'],
  ] as const)
    await schema.createIndex(index).on('delivery').column(column).where(column, 'is not', null).execute()
}
