import { conflict } from '#api/errors.ts'

/** What kind of thing contributed. "human" alone explains nothing: it is a start, not an end. */
export const factorKinds = ['technical', 'process', 'organisation', 'human', 'external'] as const
export type FactorKind = (typeof factorKinds)[number]

/** The plan's bug, human error and attack (L55), and what the field finds besides. */
export const causes = [
  'software_defect',
  'configuration_change',
  'capacity',
  'hardware',
  'supplier',
  'human_error',
  'external_attack',
  'other',
] as const
export type Cause = (typeof causes)[number]

/**
 * Contributing factors come before the category of the cause: without one that stands no category can be chosen, and
 * human error needs one besides itself (2.8). Throws `conflict` with what is missing.
 */
export function checkCause(cause: Cause, factors: readonly { kind: string }[]): void {
  if (!factors.length) throw conflict('Name at least one contributing factor before the category of the cause.')
  if (cause === 'human_error' && factors.every(({ kind }) => kind === 'human'))
    throw conflict('Human error is a start, not an end: name at least one contributing factor besides it.')
}

/** The kinds of action that a cause asks for (1.9): training after human error, testing after a defect. */
export const askedFor = (cause: Cause | null, actions: readonly { type: string; state: string }[]) => {
  const has = (type: string) => actions.some((action) => action.type === type && action.state !== 'dropped')
  if (cause === 'human_error' && !has('train')) return 'train' as const
  if ((cause === 'software_defect' || cause === 'configuration_change') && !has('prevent')) return 'prevent' as const
  return null
}
