import type { AffectedSource } from '#api/db/schema.ts'
import { invalid } from '#api/errors.ts'

/**
 * Who is affected by what the registry knows: customers that fit every part of it. Within a part one word is enough; an
 * empty part asks nothing. `components` are services the customer uses, each one of the incident's.
 */
export interface Rule {
  components: string[]
  plans: string[]
  regions: string[]
  segments: string[]
}

export const ruleParts = ['components', 'plans', 'regions', 'segments'] as const

/** The rule as it may be used. Throws invalid for one that asks nothing, or for a service the incident never touched. */
export function checkRule(rule: Rule, touched: ReadonlySet<string>): Rule {
  if (ruleParts.every((part) => rule[part].length === 0))
    throw invalid(
      'A rule that asks nothing would take every customer. Choose a service, a plan, a region or a segment.',
    )
  const strange = rule.components.findIndex((id) => !touched.has(id))
  if (strange >= 0)
    throw invalid('This incident never touched one of these services.', {
      [`rule.components.${strange}`]: 'Choose services that an update of this incident has named.',
    })
  return Object.fromEntries(ruleParts.map((part) => [part, [...new Set(rule[part])].sort()])) as unknown as Rule
}

/** What is known best of how these customers are known: that they use what failed, or only what kind they are. */
export const sourceOf = (rule: Rule): AffectedSource => (rule.components.length ? 'component' : 'rule')
