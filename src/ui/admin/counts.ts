import type { ApiClient } from '#api/client.ts'
import type { Incident } from '#api/incidents/show.ts'
import { bodyOf } from './forms.ts'

/** What the ledger's answer says of an incident as a whole, or of one update. */
export type Told = Awaited<ReturnType<typeof countsOf>>['ledger']

/** How far the telling of an incident is: its newest update of which people are told, and all of them together. */
export async function countsOf(api: ApiClient, { id, updates }: Pick<Incident, 'id' | 'updates'>) {
  const read = async (update?: string) => {
    const query = { limit: '1', ...(update ? { update } : {}) }
    return bodyOf(await api.api.v1.incidents[':id'].deliveries.$get({ param: { id }, query }))
  }
  const newest = updates.find(({ notify }) => notify)
  return { ledger: await read(newest?.id), update: newest?.number, whole: await read() }
}
