import type { CompiledQuery } from 'kysely'
import type { Db } from '#api/db/connect.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Live } from './live.ts'

/** What there is to do, in outline: what nothing is said of here needs no further look. */
export interface Agenda {
  /** Whether something was announced that is no notice yet. */
  announced: boolean
  /** When the next notice can be worked on that has recipients to find or messages to write: "" is now, null never. */
  openAt: Instant | '' | null
  /** When the next delivery is taken up again. */
  againAt: Instant | null
  live: Live[]
}

type Row = { announced: number | null; openAt: string | null; againAt: string | null } & {
  [K in keyof Live]: Live[K] | null
}

// Idle workers ask twice a second and busy ones before every piece: the statement never changes, so it is built once.
const statements = new WeakMap<Db, CompiledQuery<Row>>()

/** Looks, without a lock and with one statement, at everything that may be there to do. */
export async function agendaOf(db: Db): Promise<Agenda> {
  const statement = statements.get(db) ?? build(db)
  statements.set(db, statement)
  const { rows } = await db.executeQuery(statement)
  const [{ announced, openAt, againAt } = { announced: null, openAt: null, againAt: null }] = rows
  return {
    announced: announced !== null,
    openAt,
    againAt,
    live: rows.flatMap(({ channel, ended, ...row }) =>
      channel === null ? [] : { ...row, channel, ended: ended ?? 0 },
    ),
  }
}

/** When the next notice comes due that was put off, as one is into which others are folded; null when none waits for its time. */
export const nextPutOff = async (db: Db, now: Instant): Promise<Instant | null> => {
  const found = await db
    .selectFrom('notice')
    .select((eb) => eb.fn.min('dueAt').as('dueAt'))
    .where('frozenAt', 'is', null)
    .where('heldAt', 'is', null)
    .where('dueAt', '>', now)
    .executeTakeFirst()
  return found?.dueAt ?? null
}

const build = (db: Db): CompiledQuery<Row> =>
  db
    .selectFrom(
      db
        .selectNoFrom((eb) => [
          eb.selectFrom('outbox').select(eb.lit(1).as('one')).where('takenAt', 'is', null).limit(1).as('announced'),
          eb
            .selectFrom('notice')
            .select((of) =>
              of.fn
                .min(
                  of
                    .case()
                    .when(
                      of.or([
                        of('expandedAt', 'is', null),
                        of('endedAt', 'is not', null),
                        of('expiresAt', 'is not', null),
                      ]),
                    )
                    .then('')
                    .else(of.fn.coalesce('dueAt', of.val('')))
                    .end(),
                )
                .as('openAt'),
            )
            .where('frozenAt', 'is', null)
            .as('openAt'),
          eb
            .selectFrom('delivery')
            .select((of) => of.fn.min('againAt').as('againAt'))
            .where('againAt', 'is not', null)
            .as('againAt'),
        ])
        .as('once'),
    )
    .leftJoin(liveBatches(db).as('live'), (join) => join.onTrue())
    .selectAll()
    .compile()

const liveBatches = (db: Db) =>
  db
    .selectFrom('batch')
    .innerJoin('notice', 'notice.id', 'batch.noticeId')
    .where('batch.state', 'in', ['ready', 'sending'])
    .groupBy(['batch.channel', 'batch.provider'])
    .select((eb) => {
      const waits = eb('batch.state', '=', 'ready')
      const free = eb.and([waits, eb('notice.heldAt', 'is', null)])
      const asked = eb('batch.askedAt', 'is', null)
      const over = eb.and([
        waits,
        eb('notice.endedAt', 'is not', null),
        eb.or([asked, eb('batch.askedAt', '<', eb.ref('notice.endedAt'))]),
      ])
      return [
        'batch.channel',
        'batch.provider',
        eb.fn.min(eb.case().when(free).then(eb.ref('batch.nextAttemptAt')).end()).as('dueAt'),
        eb.fn
          .min(eb.case().when('batch.state', '=', 'sending').then(eb.ref('batch.leaseUntil')).end())
          .as('leaseUntil'),
        eb.fn
          .min(
            eb
              .case()
              .when(waits)
              .then(eb.fn.coalesce('batch.askedAt', 'notice.dueAt', 'notice.createdAt'))
              .end(),
          )
          .as('bornAt'),
        eb.fn
          .min(
            eb
              .case()
              .when(eb.and([waits, asked]))
              .then(eb.ref('notice.expiresAt'))
              .end(),
          )
          .as('expiresAt'),
        eb.fn.max(eb.case().when(over).then(eb.lit(1)).else(eb.lit(0)).end()).as('ended'),
      ]
    })
