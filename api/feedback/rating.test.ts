import { expect, it } from 'vitest'
import { ratingUrl, readRatingLink } from './links.ts'
import { checkPublishable, summaryOf, voterOf } from './rating.ts'

it('the mean is to one decimal, and the share of 4 and 5 stands beside the number of answers', () => {
  expect(
    summaryOf([
      { score: 5, count: 2 },
      { score: 4, count: 3 },
      { score: 1, count: 1 },
    ]),
  ).toEqual({
    answers: 6,
    mean: '3.8',
    distribution: [1, 0, 0, 3, 2],
    satisfied: '83.3',
  })
  expect(summaryOf([])).toEqual({ answers: 0, mean: null, distribution: [0, 0, 0, 0, 0], satisfied: null })
  expect(() => checkPublishable(summaryOf([{ score: 5, count: 4 }]))).toThrow('from 5 answers')
})

it('one person is one voter in one incident, and nobody is followed from one incident to another', () => {
  const keys = ['key one that is long enough']
  const voter = voterOf(keys, 'incident0001', '203.0.113.7', 'Browser 1')
  expect(voterOf(keys, 'incident0001', '203.0.113.7', 'Browser 1')).toBe(voter)
  expect(voterOf(keys, 'incident0002', '203.0.113.7', 'Browser 1')).not.toBe(voter)
  expect(voterOf(keys, 'incident0001', '203.0.113.8', 'Browser 1')).not.toBe(voter)
  expect(voterOf(['another key'], 'incident0001', '203.0.113.7', 'Browser 1')).not.toBe(voter)
  const six = (last: string) => voterOf(keys, 'incident0001', `2001:db8:1:2::${last}`, 'Browser 1')
  expect(six('1')).toBe(six('2'))
})

it('a link rates the incident it was made for and no other', () => {
  const config = { secretKeys: ['key one that is long enough'], publicUrl: 'https://status.example' }
  const url = ratingUrl(config, 'incident0001', { id: 'subscriber01', generation: 2 })
  const token = url.split('/').at(-1)!
  expect(readRatingLink(config, 'incident0001', token)).toEqual({ subject: 'subscriber01', generation: 2 })
  expect(readRatingLink(config, 'incident0002', token)).toBeNull()
  expect(readRatingLink({ secretKeys: ['another key'] }, 'incident0001', token)).toBeNull()
})
