import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { evenAfterMs, evenly } from './evenly.ts'

it.each([
  ['an answer', () => Promise.resolve('found'), 'found'],
  ['a refusal', () => Promise.reject(new Error('wrong code')), 'wrong code'],
])('%s waits for its time, however early it is known', async (_, work, told) => {
  let release = () => {}
  const asked: number[] = []
  const pause = (ms: number) => {
    asked.push(ms)
    return new Promise<void>((resolve) => {
      release = resolve
    })
  }
  let answered = ''
  const answer = evenly(pause, work()).then(
    (text) => {
      answered = text
    },
    (error: Error) => {
      answered = error.message
    },
  )
  // The work is over before this turn ends.
  await turn()
  expect([asked, answered]).toEqual([[evenAfterMs], ''])
  release()
  await answer
  expect(answered).toBe(told)
})
