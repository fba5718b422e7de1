import type { Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import type { Desk } from './desk.ts'

/** What an audit line says was done, in the language of the desk; what has no words there stands by its own name. */
export const actionWords = (action: string, locale: Locale): string => {
  const actions: Record<string, string> = wordsOf(locale).admin.actions
  return actions[action] ?? action
}

/** Who did it: a person or a token by name, the program, a subscriber, or a provider by its own name. */
export function actorName({ actorId, actor }: { actorId: string; actor: string | null }, w: Desk['w']): string {
  if (actor !== null) return actorId.startsWith('token:') ? fill(w.audit.token, { name: actor }) : actor
  if (actorId === 'system') return w.audit.program
  if (actorId === 'visitor' || actorId === 'stranger') return w.audit.visitor
  return /^[a-z0-9]{12}$/.test(actorId) ? w.audit.subscriber : actorId
}
