import { type AliasedRawBuilder, type RawBuilder, sql } from 'kysely'
import { type Db, engineOf, type Trx } from './connect.ts'

type Value = string | number | null

/**
 * A column as a statement reads it when no index is to answer for it. Of rows that are named by their ids a condition on
 * their state only sorts some out; an engine that has not counted a growing table lately would take the index of all
 * that wait instead, a million of them for each hundred.
 */
export const plain = <T, K extends string>(column: K): RawBuilder<T> => sql<T>`coalesce(${sql.ref(column)}, '')`

/**
 * Values as a table that a statement can read from: `insert … select` and `update … from` write a thousand rows with one
 * short statement, which is the same every time and stays prepared. `columns` names each column and its type.
 */
export function tableOf<R extends Record<string, Value>, A extends string>(
  db: Db | Trx,
  name: A,
  columns: { [K in keyof R & string]: 'text' | 'integer' | 'bigint' },
  rows: readonly R[],
): AliasedRawBuilder<R, A> {
  const names = Object.keys(columns)
  if (engineOf(db) === 'sqlite') {
    const values = JSON.stringify(rows.map((row) => names.map((column) => row[column] ?? null)))
    const picked = names.map((column, place) => sql`value ->> ${sql.lit(place)} as ${sql.ref(column)}`)
    return sql<R>`(select ${sql.join(picked)} from json_each(${values}))`.as(name)
  }
  const lists = names.map(
    (column) => sql`${rows.map((row) => row[column] ?? null)}::${sql.raw(columns[column] ?? 'text')}[]`,
  )
  const aliases = sql.join(names.map((column) => sql.ref(column)))
  return sql<R>`(select * from unnest(${sql.join(lists)}) as given(${aliases}))`.as(name)
}
