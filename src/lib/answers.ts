import type { Locale } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'
import { type Refusal, refusalOf } from './subscribing.ts'

/** The sentence for an answer that was not taken, in the reader's language. */
export async function answerProblem(
  answer: { status: number; json(): Promise<unknown> },
  locale: Locale,
): Promise<{ status: Refusal['status']; sentence: string }> {
  const { status, fields } = await refusalOf(answer)
  const { problems } = wordsOf(locale).reviews.feedback
  const byField: Record<string, string> = { score: problems.score, comment: problems.comment, helped: problems.answer }
  const sentence =
    status === 429 ? problems.tooMany : status === 503 ? problems.busy : (byField[fields[0] ?? ''] ?? problems.general)
  return { status, sentence }
}
