import type { ApiClient } from '#api/client.ts'
import { fill } from '#content/words.ts'
import { channelName, type Desk } from './desk.ts'
import { bodyOf, field, problemOf } from './forms.ts'

/** What needs a person, and how many such things there are. */
export async function alarmsOf(api: ApiClient) {
  const alarms = await bodyOf(await api.api.v1.alarms.$get())
  const { channels, held, deliveries, endpoints, pages, mirrors } = alarms
  const kinds = [channels, held, deliveries, endpoints, pages, mirrors]
  return { ...alarms, count: kinds.reduce((sum, { length }) => sum + length, 0) }
}

/** A provider as people call it. */
export const providerName = (w: Desk['w'], provider: string): string =>
  new Map(Object.entries(w.alarms.providers)).get(provider) ?? provider

/** A stopped channel by its name, and by its provider where another one could carry on. */
export const stoppedName = (
  w: Desk['w'],
  {
    account,
    channel,
    provider,
    meanwhile,
  }: { account: string; channel: string; provider: string; meanwhile: string | null },
): string =>
  meanwhile || account !== channel
    ? fill(w.alarms.by, { channel: channelName(w, channel), provider: providerName(w, provider) })
    : channelName(w, channel)

/** Twilio's refusals of one number that stop the channel for all: the next of its country would be refused alike. */
export const oneNumberStops = /^twilio (21408|21606|21608)\b/

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
