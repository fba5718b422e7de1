import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { locales } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'
import { refusalIn } from './reason.ts'

// Everything the API can refuse with is read from its source: sentences, with a 7 where a value stands in one. What a
// person at the desk can meet must be there in every language of the desk.
const api = join(import.meta.dirname, '../../../api')
/** Rooms that refuse, and files of them whose words only readers of the public pages meet: those have words of their own. */
const rooms =
  /^(accounts|channels\/index|compensation|components|customers|db\/trouble|http|incidents|maintenance|notices|program|reviews|routes|server|statements|subscribers|feedback\/rating)\b/
const readers =
  /^(compensation\/claim-(actions|view)|http\/shapes|notices\/(preview|sms-pace|direct)|subscribers\/(?!staff-actions|queries))/
/** Calls and properties that hold sentences for others: descriptions of the API, the log, mistakes of ours. */
const others = /^(answer|state|say|log|Error|RangeError|DeliveryFailed|OutgoingFailed|description|summary)$/

/** What a literal can say; nothing when it is none. */
function saidBy(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text]
  if (ts.isParenthesizedExpression(node)) return saidBy(node.expression)
  if (ts.isConditionalExpression(node)) return [...saidBy(node.whenTrue), ...saidBy(node.whenFalse)]
  if (!ts.isTemplateExpression(node)) return []
  return node.templateSpans.reduce<string[]>(
    (before, { expression, literal }) => {
      const values = saidBy(expression)
      return before.flatMap((start) => (values.length ? values : ['7']).map((value) => start + value + literal.text))
    },
    [node.head.text],
  )
}

const nameOf = (node: ts.Node): string => {
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return nameOf(node.expression)
  if (ts.isPropertyAccessExpression(node) || ts.isPropertyAssignment(node)) return nameOf(node.name)
  return ts.isIdentifier(node) ? node.text : ''
}

function refusals(): string[] {
  const found = new Set<string>()
  const look = (node: ts.Node): void => {
    if (others.test(nameOf(node)) && !ts.isIdentifier(node)) return
    if (ts.isCallExpression(node) && nameOf(node) === 'notFound')
      for (const what of node.arguments.flatMap(saidBy)) found.add(`${what} does not exist.`)
    const said = saidBy(node)
    for (const text of said) if (/^[\p{Lu}“7].* .*[.?]$/su.test(text)) found.add(text)
    const described: readonly ts.Node[] = nameOf(node) === 'step' && ts.isCallExpression(node) ? node.arguments : []
    const inside = (child: ts.Node) => !(described.includes(child) && saidBy(child).length)
    if (!said.length) ts.forEachChild(node, (child) => (inside(child) ? look(child) : undefined))
  }
  for (const file of readdirSync(api, { recursive: true, encoding: 'utf8' }))
    if (/(?<!\.test)\.ts$/.test(file) && rooms.test(file) && !readers.test(file))
      look(ts.createSourceFile(file, readFileSync(join(api, file), 'utf8'), ts.ScriptTarget.Latest))
  return [...found]
}

const sentences = refusals()
const foreign = locales.filter((locale) => refusalIn(locale, 'This is missing.') !== 'This is missing.')

it('what the API refuses with has words in every language of the desk', () => {
  expect(sentences.length).toBeGreaterThan(250)
  for (const locale of foreign)
    expect(sentences.filter((sentence) => refusalIn(locale, sentence) === sentence)).toEqual([])
})

it('and no words for what nothing says any more', () => {
  const all = sentences.join('\n')
  /** Worded by zod and by the router of the whole API. */
  const elsewhere = /^(Too (big|small): expected|Invalid \{|The body is)/
  const kept = Object.keys(wordsOf('en').refusals.sentences).filter((sentence) => !elsewhere.test(sentence))
  const said = (sentence: string) =>
    all.match(new RegExp(`^${sentence.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '.+')}$`, 'm'))
  expect(kept.filter((sentence) => !said(sentence))).toEqual([])
})

it('several sentences one after another are said as such, and roles and states by their names', () => {
  expect(refusalIn('zh-CN', 'Choose the category of the cause first. Publish the public report first.')).toBe(
    '请先选择原因类别。请先发布公开报告。',
  )
  expect(refusalIn('zh-CN', 'This offer is live: it cannot be approved.')).toBe('此补偿的状态为“进行中”，不能批准。')
  expect(
    refusalIn('zh-CN', 'This offer is approved by these roles: finance, executive. None of them is yours.'),
  ).toContain('财务、公司高层')
})

it('every sentence asks for no value that the English one lacks', () => {
  const values = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  for (const locale of locales)
    for (const [pattern, words] of Object.entries(wordsOf(locale).refusals.sentences))
      expect(values(pattern), pattern).toEqual(expect.arrayContaining(values(words)))
})
