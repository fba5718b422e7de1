import type { Words } from '#content/locales.ts'
import { type Admission, admissions } from './approvers.ts'

/** How people say it, in the languages of the house. */
const saying: Record<Exclude<Admission, 'none'>, RegExp> = {
  apology: /\bapolog|\bsorry\b|道歉|致歉|歉意|抱歉/iu,
  regret: /\bregret|遗憾/iu,
}

/** What a text admits by its own words. */
const admitted = (text: string): Admission =>
  saying.apology.test(text) ? 'apology' : saying.regret.test(text) ? 'regret' : 'none'

/** Whether these words admit more than was said of them: they would pass by those who approve an apology. */
export const admitsMore = (said: Admission, ...texts: Words[]): Admission | null => {
  const found = texts.flatMap((words) => Object.values(words).map((text) => admitted(text ?? '')))
  const most = admissions.findLast((one) => found.includes(one)) ?? 'none'
  return admissions.indexOf(most) > admissions.indexOf(said) ? most : null
}
