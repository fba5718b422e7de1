import type { ApiClient } from '#api/client.ts'
import { type AgainState, againStates } from '#api/notices/again.ts'
import { field, problemOf } from './forms.ts'

/**
 * Does what a form of Again.astro asks for: one more attempt of one delivery, or of all of an update that ended alike.
 * Gives how many wait for it now, or what stands against it.
 */
export async function tryAgain(
  api: ApiClient,
  form: FormData,
  incidentId: string,
): Promise<number | { status: number; message: string }> {
  const delivery = field(form, 'delivery')
  if (delivery) {
    const answer = await api.api.v1.deliveries[':id'].attempts.$post({ param: { id: delivery } })
    return (await problemOf(answer)) ?? 1
  }
  const state = againStates.find((one): one is AgainState => one === field(form, 'state')) ?? 'failed'
  const reason = field(form, 'known') ? (form.get('reason')?.toString() ?? '').replace(/\r\n?/g, '\n') : null
  const json = { update: field(form, 'update'), channel: field(form, 'channel'), state, reason }
  const answer = await api.api.v1.incidents[':id'].attempts.$post({ param: { id: incidentId }, json })
  const problem = await problemOf(answer)
  if (problem) return problem
  return answer.ok ? (await answer.json()).tried : 0
}
