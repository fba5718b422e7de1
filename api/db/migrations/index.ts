import type { Migration } from 'kysely/migration'
import * as first from './0001-first.ts'
import * as accounts from './0002-accounts.ts'
import * as ledger from './0003-ledger.ts'
import * as customers from './0004-customers.ts'
import * as offers from './0005-offers.ts'
import * as statements from './0006-statements.ts'
import * as reviews from './0007-reviews.ts'
import * as maintenance from './0008-maintenance.ts'
import * as longPast from './0009-long-past.ts'
import * as advisories from './0010-advisories.ts'

/** Every step from an empty database to today's, in order. Released steps are never edited. */
export const migrations: Record<string, Migration> = {
  '0001-first': first,
  '0002-accounts': accounts,
  '0003-ledger': ledger,
  '0004-customers': customers,
  '0005-offers': offers,
  '0006-statements': statements,
  '0007-reviews': reviews,
  '0008-maintenance': maintenance,
  '0009-long-past': longPast,
  '0010-advisories': advisories,
}
