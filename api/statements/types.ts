/** What kinds of statements there are, as the field calls them. */
export const statementTypes = [
  'holding',
  'press_release',
  'apology',
  'social_post',
  'qa',
  'rumour_answer',
  'postmortem',
  'internal_brief',
  'key_customer_letter',
  'regulator_notice',
  'individual_notice',
] as const
export type StatementType = (typeof statementTypes)[number]

/** "public" gets a page and a place in the feeds; "internal" is for the staff; "confidential" for those who need it. */
export const visibilities = ['public', 'internal', 'confidential'] as const
export type Visibility = (typeof visibilities)[number]

export type Audience =
  | 'public'
  | 'media'
  | 'customers'
  | 'support'
  | 'staff'
  | 'key_customers'
  | 'authority'
  | 'data_subjects'

interface Kind {
  audience: readonly Audience[]
  /** The first one is meant unless another is said. A kind without "public" never becomes public. */
  visibilities: readonly Visibility[]
  /** "template": the words of a pre-approved template need no review, any other words do. */
  legal: 'yes' | 'template' | 'no'
}

/** Whom each kind speaks to, who may ever see it, and what legal has to say. */
export const kinds: Record<StatementType, Kind> = {
  holding: { audience: ['public', 'media'], visibilities: ['public'], legal: 'template' },
  press_release: { audience: ['media'], visibilities: ['public'], legal: 'yes' },
  apology: { audience: ['customers', 'public'], visibilities: ['public'], legal: 'yes' },
  social_post: { audience: ['public'], visibilities: ['public'], legal: 'template' },
  qa: { audience: ['customers', 'support', 'media'], visibilities: ['public', 'internal'], legal: 'yes' },
  rumour_answer: { audience: ['public'], visibilities: ['public'], legal: 'yes' },
  postmortem: { audience: ['customers'], visibilities: ['public'], legal: 'yes' },
  // It never contains admissions, which is why nobody has to read it first.
  internal_brief: { audience: ['staff'], visibilities: ['internal'], legal: 'no' },
  key_customer_letter: { audience: ['key_customers'], visibilities: ['confidential'], legal: 'yes' },
  regulator_notice: { audience: ['authority'], visibilities: ['confidential'], legal: 'yes' },
  individual_notice: { audience: ['data_subjects'], visibilities: ['confidential'], legal: 'yes' },
}

/** Whether legal must have read these words before they go out. `fromTemplate`: they are a pre-approved template's. */
export const needsLegal = (type: StatementType, fromTemplate: boolean): boolean =>
  kinds[type].legal === 'yes' || (kinds[type].legal === 'template' && !fromTemplate)

/** Kinds that the lead lets out, after legal: a report has two people behind its words (2.1.4). */
export const needsLead = (type: StatementType): boolean => type === 'postmortem'

interface Shown {
  type: StatementType
  visibility: Visibility
  /** It has been published, whatever became of it since. */
  published: boolean
}

const makers = ['owner', 'lead', 'comms', 'legal', 'executive']

/** Whether somebody takes part in what is not out yet: statements under embargo, answers that wait, rumours. */
export const makes = (roles: readonly string[]): boolean => [...makers, 'machine'].some((role) => roles.includes(role))

/**
 * Who of the staff may know that a statement exists. What is not out yet is known to those who make it: an embargo that
 * every account can read is none. What is confidential stays with them; key customers' letters also with those who call
 * these customers.
 */
export function readersOf({ type, visibility, published }: Shown): readonly string[] | 'everybody' {
  if (visibility === 'confidential') return type === 'key_customer_letter' ? [...makers, 'coordination'] : makers
  if (!published) return [...makers, 'machine']
  return visibility === 'public' ? 'everybody' : [...makers, 'coordination', 'finance', 'viewer']
}

export function maySee(roles: readonly string[], shown: Shown): boolean {
  const readers = readersOf(shown)
  return readers === 'everybody' || readers.some((role) => roles.includes(role))
}
