import type { Typed } from '../composer.ts'

/** What stands in one form of a page of many: what was typed, when this is the one that was posted, else the record's. */
export interface Sheet {
  /** Whether this form was posted and refused. */
  posted: boolean
  value(name: string, recorded?: string | null): string
  fault(name: string): string | undefined
  /** The sentence about the whole. */
  message: string
}

export interface Refused {
  typed: Typed
  fields: Record<string, string>
  message: string
}

/** The form that is named `what` ("section:summary"). */
export function sheetOf(what: string, refused: Refused | null): Sheet {
  const mine = refused?.typed.get('do')?.replace(/-(approve|request)$/, '') === what ? refused : null
  return {
    posted: mine !== null,
    value: (name, recorded = '') => (mine ? (mine.typed.get(name) ?? '') : (recorded ?? '')),
    fault: (name) =>
      mine?.fields[name] ?? Object.entries(mine?.fields ?? {}).find(([key]) => key.startsWith(`parts.${name}`))?.[1],
    message: mine?.message ?? '',
  }
}
