import { type Channel, DeliveryFailed } from './channel.ts'

/** A channel nobody has set up: it takes no message and says why. */
export function offChannel(
  offReason: string,
  rest: Pick<Channel, 'name' | 'confirmation' | 'parse' | 'example' | 'expiresAfterMs'>,
): Channel {
  return {
    ...rest,
    provider: 'off',
    offReason,
    batchSizeMax: 1,
    perSecond: 1,
    sendTimeoutMs: 1_000,
    idempotent: true,
    freeze: (messages) => JSON.stringify(messages),
    async send() {
      throw new DeliveryFailed(offReason, { stopsChannel: true })
    },
  }
}
