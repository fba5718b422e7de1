import type { Kysely } from 'kysely'
import { setPassword } from '#api/accounts/queries.ts'
import type { Trx } from '#api/db/connect.ts'
import { newId } from '#api/lib/ids.ts'
import type { Instant } from '#api/lib/time.ts'

/** Gives a person of the demonstration the password of another: one login is printed, and every role can be tried. */
export async function sharePassword(trx: Trx, now: Instant, from: string, to: string): Promise<void> {
  // Better-auth's table; its names are left as they are.
  const staff = trx.withoutPlugins() as unknown as Kysely<{ account: { userId: string; password: string | null } }>
  const account = await staff.selectFrom('account').select('password').where('userId', '=', from).executeTakeFirst()
  if (account?.password) await setPassword(trx, now, newId(), to, account.password)
}
