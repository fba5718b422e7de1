/** Waits for so many milliseconds. */
export type Pause = (ms: number) => Promise<unknown>

/** No answer that an address has a part in comes sooner, in milliseconds: what is behind it takes a fraction of that. */
export const evenAfterMs = 80

/** Answers, and refuses, at the same time whatever was found behind an address. */
export async function evenly<T>(pause: Pause, work: Promise<T>): Promise<T> {
  const [done] = await Promise.allSettled([work, pause(evenAfterMs)])
  if (done.status === 'rejected') throw done.reason
  return done.value
}
