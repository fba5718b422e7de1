import type { ApiClient } from '#api/client.ts'
import { actionStates, actionTypes, priorities } from '#api/reviews/action.ts'
import { causes, factorKinds } from '#api/reviews/cause.ts'
import { approvers, type ReportParts, reportParts } from '#api/reviews/report.ts'
import { reviewStates } from '#api/reviews/review.ts'
import { sections } from '#api/reviews/sections.ts'
import { readWall, type Typed, wordsAt } from '../composer.ts'

const one = <T extends string>(list: readonly T[], text: string | undefined): T | undefined =>
  list.find((item) => item === text)

interface Answered {
  ok: boolean
  status: number
  json(): Promise<unknown>
}

/** The public version as it was typed: "cause.en", "cause.zh-CN" and so on. */
export const typedParts = (typed: Typed): ReportParts =>
  Object.fromEntries(reportParts.map((part) => [part, wordsAt(typed, part)])) as ReportParts

/**
 * Does what one of the forms of a review's page asks for, through the API; `do` names the form. Null when the form is
 * none of this page's.
 */
export function carryOut(api: ApiClient, id: string, typed: Typed, zone: string): Promise<Answered> | null {
  const review = api.api.v1.incidents[':id'].review
  const param = { id }
  const get = (name: string) => typed.get(name) ?? ''
  const [what = '', which = ''] = get('do').split(':')
  const key = { headers: { 'Idempotency-Key': get('key') || 'none' } }
  const follows = Number(get('follows')) || 0
  switch (what) {
    case 'start':
      return review.$post({ param }, key)
    case 'state': {
      const state = one(reviewStates, which)
      return review.$patch({ param, json: { state, ...(get('reason') && { reason: get('reason') }) } })
    }
    case 'meeting':
      return review.$patch({ param, json: { meetingAt: readWall(get('meetingAt'), zone) } })
    case 'cause':
      return review.$patch({ param, json: { causeCategory: one(causes, get('cause')) ?? null } })
    case 'section': {
      const section = one(sections, which)
      return section
        ? review.sections[':section'].$put({ param: { id, section }, json: { body: get('body'), follows } })
        : null
    }
    case 'factor':
      return review.factors.$post({ param, json: { text: get('text'), kind: one(factorKinds, get('kind'))! } }, key)
    case 'drop':
      return review.factors[':factor'].$delete({ param: { id, factor: which } })
    case 'action': {
      const json = {
        text: get('text'),
        type: one(actionTypes, get('type'))!,
        owner: get('owner'),
        due: get('due'),
        priority: one(priorities, get('priority')),
        link: get('link'),
      }
      if (!which) return review.actions.$post({ param, json }, key)
      const more = { state: one(actionStates, get('state')), evidence: get('evidence') }
      return review.actions[':action'].$patch({ param: { id, action: which }, json: { ...json, ...more } })
    }
    case 'report':
      return review.report.$post({ param, json: { parts: typedParts(typed), follows } }, key)
    case 'verdict': {
      const role = one(approvers, which.split('-')[0])!
      const verdict = which.endsWith('-approve') ? ('approved' as const) : ('changes_requested' as const)
      return review.report.verdicts.$post({ param, json: { hash: get('hash'), role, verdict, note: get('note') } }, key)
    }
    case 'publish':
      return review.report.publication.$post({ param, json: { hash: get('hash'), notify: typed.has('notify') } }, key)
    default:
      return null
  }
}

/** Where on the page a form stands, to come back to it. */
export function anchorOf(what: string): string {
  const [kind = '', which = ''] = what.split(':')
  if (kind === 'section') return `#section-${which}`
  if (kind === 'report' || kind === 'verdict' || kind === 'publish') return '#report'
  if (kind === 'factor' || kind === 'drop' || kind === 'cause') return '#factors'
  return kind === 'action' ? '#section-actions' : '#main'
}
