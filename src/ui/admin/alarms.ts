import type { ApiClient } from '#api/client.ts'
import { bodyOf, field, problemOf } from './forms.ts'

/** What needs a person, and how many such things there are. */
export async function alarmsOf(api: ApiClient) {
  const alarms = await bodyOf(await api.api.v1.alarms.$get())
  const { channels, held, deliveries, endpoints, mirrors } = alarms
  return { ...alarms, count: channels.length + held.length + deliveries.length + endpoints.length + mirrors.length }
}

/** Does what a button of the page of alarms asks for. Gives 1, or what stands against it. */
export async function decide(api: ApiClient, form: FormData): Promise<1 | { status: number; message: string }> {
  const notice = { param: { id: field(form, 'notice') } }
  const { notices, channels } = api.api.v1
  const action = field(form, 'action')
  const answer =
    action === 'try'
      ? await channels[':name'].attempts.$post({ param: { name: field(form, 'channel') } })
      : action === 'release'
        ? await notices[':id'].release.$post(notice)
        : action === 'end'
          ? await notices[':id'].end.$post(notice)
          : await notices[':id'].seen.$post(notice)
  return (await problemOf(answer)) ?? 1
}
