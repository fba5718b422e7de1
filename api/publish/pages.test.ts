import { expect } from 'vitest'
import { openServices } from '#test/support/services.ts'
import { story } from '#test/support/story.ts'
import { everyPlace } from './pages.ts'

story('what every page leads to is drawn with the first, and nothing is drawn twice', async ({ app }) => {
  await openServices(app)
  const steps: string[][] = []
  for await (const step of everyPlace(app)) steps.push(step)
  expect(steps[0]).toEqual(
    expect.arrayContaining(['/', '/zh-CN/', '/history/', '/zh-CN/history/', '/uptime/', '/feed.json', '/subscribe/']),
  )
  const places = steps.flat()
  expect(places.filter((place, i) => places.indexOf(place) !== i)).toEqual([])
})
