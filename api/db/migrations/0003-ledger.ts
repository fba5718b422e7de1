import type { Kysely } from 'kysely'

/** What the ledger needs to be trusted at night: who a batch was written for, and what waits for a person. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  await schema.alterTable('batch').addColumn('provider', 'text').execute()
  await schema.alterTable('notice').addColumn('heldAt', 'text').execute()
  await schema.alterTable('notice').addColumn('heldReason', 'text').execute()
}
