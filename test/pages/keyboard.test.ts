import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { listLetters, readLetter } from '#api/channels/letterbox/read.ts'
import { newPage } from '../support/browser.ts'
import { type OpenProgram, openProgram, password, staff } from '../support/desk.ts'
import { keyboardOf } from '../support/keyboard.ts'
import { tokenIn } from '../support/subscribers.ts'

let program: OpenProgram
beforeAll(async () => {
  program = await openProgram({ prepare: async (app) => void (await staff(app, 'lin@hezhou.example', 'comms')) })
})
afterAll(() => program.stop())

it('an incident is opened and an update published with the keyboard alone, through a refusal and its way back', async () => {
  const { page, close } = await newPage({ locale: 'en-GB', viewport: { width: 1_280, height: 800 } })
  const { key, go, reach, type } = keyboardOf(page)
  await page.goto(`${program.url}/admin`)
  await type('lin@hezhou.example')
  await reach('Password')
  await type(password)
  await go()
  await reach('Open an incident')
  await go()
  // Everything but the headline, so that there is something to refuse.
  await reach('Severity')
  await type('1')
  await reach('English')
  await type('Orders fail. We are looking.')
  await reach('简体中文')
  await type('无法下单。正在排查。')
  await reach('New state of Order placement')
  await type('Major')
  await reach('Publish the incident')
  await go()
  await reach('Headline (English)')
  await key('Enter')
  await type('Merchants cannot place orders.')
  await reach('简体中文')
  await type('商家无法提交订单。')
  await reach('Publish the incident')
  await go()
  expect(await page.getByRole('status').textContent()).toBe('The incident is public.')
  await reach('English')
  await type('We found the cause.')
  await reach('简体中文')
  await type('原因已定位。')
  await reach('Status')
  await type('Identified')
  await reach('Publish the update')
  await go()
  expect(await page.getByRole('status').textContent()).toBe('The update is published.')
  await close()
})

it('somebody subscribes, corrects what was refused, chooses and leaves with the keyboard alone, on a phone', async () => {
  const { page, close } = await newPage({ locale: 'en', viewport: { width: 360, height: 780 } })
  const { key, go, reach, type, clear } = keyboardOf(page)
  await page.goto(`${program.url}/`)
  await reach('Skip to')
  await key('Enter')
  await reach(/^(Get updates|Be told)/)
  await go()
  await reach('Email address')
  await type('reader@mail')
  await go()
  // The field that was refused has the focus, and holds what was typed.
  await clear()
  await type('reader@mail.example')
  await go()
  await page.getByText('We wrote to reader@mail.example').waitFor()
  const letter = await arrived('reader@mail.example')
  await page.goto(`${program.url}/subscribe/confirm/${tokenIn(letter, 'subscribe/confirm')}`)
  await reach('Confirm')
  await go()
  await reach('Change')
  await go()
  await reach('The first and the last word')
  await key('ArrowDown')
  await reach('Order placement')
  await key('Space')
  await reach('Save')
  await go()
  await page.getByText('Saved. From the next update on').waitFor()
  expect(await page.getByLabel('Order placement').isChecked()).toBe(true)
  await reach('Stop all messages')
  await go()
  await page.getByRole('heading', { name: 'Nothing more comes' }).waitFor()
  await close()
})

/** The text of the first letter to an address, once it lies in the letterbox. */
async function arrived(address: string): Promise<string> {
  const letterbox = join(program.app.config.dataDir, 'letterbox')
  const [letter] = await vi.waitFor(async () => {
    const { data } = await listLetters(letterbox, { address, limit: 1 })
    expect(data).toHaveLength(1)
    return data
  }, 10_000)
  return (await readLetter(letterbox, letter?.id ?? ''))?.text ?? ''
}
