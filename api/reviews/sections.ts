/**
 * The sections of a review, in their order (2.8). Their headings in both languages are content/words, reviews.sections;
 * factors, actions and the public version are kept in rows of their own, and a section of their name introduces them.
 */
export const sections = [
  'summary',
  'impact',
  'timeline',
  'what_happened',
  'detection',
  'response',
  'communication',
  'compensation',
  'recovery',
  'regulators',
  'lessons',
  'actions',
  'evaluation',
  'plan',
] as const
export type Section = (typeof sections)[number]

/** The longest text of a section, in characters. */
export const sectionLengthMax = 20_000
