import type { Row } from '#api/db/schema.ts'
import { AppError, conflict } from '#api/errors.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { type Difference, differences, type Facts, withFacts } from './facts.ts'

/** Where an answer stands: given by support, waiting for legal, sent back, or no longer given. */
export type QuestionState = 'waiting' | 'returned' | 'approved' | 'ended'

/** A question and its answer as staff read them. */
export interface Question {
  id: string
  incidentId: string
  state: QuestionState
  question: Words
  answer: Words
  /** The answer as support gives it, facts in place. */
  text: { question: Words; answer: Words }
  hash: string
  replacesId: string | null
  createdAt: Instant
  createdBy: string
  author: string | null
  approvedAt: Instant | null
  approver: string | null
  returnedNote: string | null
  endedAt: Instant | null
  differs: Difference[]
}

type Life = Pick<Row<'qaEntry'>, 'approvedAt' | 'returnedAt' | 'endedAt'>

export const questionState = ({ approvedAt, returnedAt, endedAt }: Life): QuestionState =>
  endedAt ? 'ended' : approvedAt ? 'approved' : returnedAt ? 'returned' : 'waiting'

/** Legal approves an answer that waits, word for word, and never its own. */
export function checkAnswer(row: Row<'qaEntry'>, { hash, by }: { hash: string; by: string }): void {
  const state = questionState(row)
  if (state === 'approved') throw conflict('This answer is approved already. Nothing is left for you to do.')
  if (state !== 'waiting') throw conflict('This answer does not wait for approval. Approve the newest one.')
  if (row.hash !== hash) throw conflict('This is another text than the one you have read. Read it again.')
  if (row.createdBy === by)
    throw new AppError('forbidden', 'You wrote this answer. Somebody else of legal has to approve it.')
}

export function showQuestion(row: Row<'qaEntry'>, names: Map<string, string>, now: Facts): Question {
  const question = fromJson<Words>(row.question)
  const answer = fromJson<Words>(row.answer)
  const facts = fromJson<Facts>(row.facts)
  return {
    id: row.id,
    incidentId: row.incidentId,
    state: questionState(row),
    question,
    answer,
    text: { question: withFacts(question, facts), answer: withFacts(answer, facts) },
    hash: row.hash,
    replacesId: row.replacesId,
    createdAt: row.createdAt,
    createdBy: row.createdBy,
    author: names.get(row.createdBy) ?? null,
    approvedAt: row.approvedAt,
    approver: names.get(row.approvedBy ?? '') ?? null,
    returnedNote: row.returnedNote,
    endedAt: row.endedAt,
    differs: row.endedAt ? [] : differences(facts, now),
  }
}
