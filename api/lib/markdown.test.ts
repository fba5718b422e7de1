import { describe, expect, it } from 'vitest'
import { isSafeLink, markdownToHtml, markdownToText } from './markdown.ts'

describe('markdownToHtml', () => {
  it('keeps what a comms person means', () => {
    expect(markdownToHtml('Orders **fail**.\nWe are on it.\n\n- Search works\n- Cart works')).toBe(
      '<p>Orders <strong>fail</strong>.<br>\nWe are on it.</p>\n<ul>\n<li>Search works</li>\n<li>Cart works</li>\n</ul>',
    )
    expect(markdownToHtml('See [the guide](https://help.example/a?b=1&c=2).')).toBe(
      '<p>See <a href="https://help.example/a?b=1&amp;c=2" rel="nofollow noopener">the guide</a>.</p>',
    )
    expect(markdownToHtml('[Write](mailto:help@example.com)')).toContain('href="mailto:help@example.com"')
    expect(markdownToHtml('详见 https://help.example/zh。')).toContain('<a href="https://help.example/zh" rel=')
  })

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '</p><iframe src="https://evil.example"></iframe>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java\tscript:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](data:text/html;base64,PHNjcmlwdD4=)',
    '[x](vbscript:x)',
    '[x](//evil.example)',
    '[x](/\\evil.example)',
    '[x](https:evil.example)',
    '[x](https:\\\\evil.example)',
    '[x](http://evil.example)',
    '[x](https://status.example@evil.example/)',
    '<javascript:alert(1)>',
    '<http://evil.example>',
    '![x](https://evil.example/pixel.gif)',
    '[x]: javascript:alert(1)\n\n[x]',
    '"><svg onload=alert(1)>',
    '[a](https://ok.example/"onmouseover="alert(1))',
    '`<script>`',
    '&lt;script&gt;',
    '# Heading\n\nTitle\n===\n\n---',
    '    <b>code</b>\n\n```html\n<b>\n```',
  ])('draws no more than text, lists and safe links of %j', (text) => {
    const html = markdownToHtml(text)
    const tags = [...html.matchAll(/<\/?([a-z0-9]+)([^>]*)>/gi)]
    expect(
      tags.map(([, name]) => name).filter((name) => !/^(p|br|strong|em|ul|ol|li|a|code|blockquote|s)$/.test(name!)),
    ).toEqual([])
    for (const [, name, attributes] of tags)
      expect(attributes, text).toMatch(
        name === 'a' ? /^$|^ href="(https:\/\/|mailto:)[^"]*" rel="nofollow noopener"$/ : /^$/,
      )
  })

  it.each(['[', '*a ', '> ', '![](', '`', '<', '- ', '_a', '&#', 'https://'])(
    'comes to an end with much of %j',
    (piece) => {
      const html = markdownToHtml(piece.repeat(Math.ceil(50_000 / piece.length)))
      expect(html).not.toMatch(/<(?!\/?(p|br|em|ul|li|blockquote|a|strong)\b)/)
    },
  )
})

it.each([
  ['https://status.example/i/1107', true],
  ['HTTPS://Status.example', true],
  ['mailto:a@b.example', true],
  ['//evil.example', false],
  ['https://', false],
  ['https:///evil.example', false],
  ['https://a:b@evil.example', false],
  ['ftp://a.example', false],
  ['mailto://a', false],
  ['', false],
])('isSafeLink(%j) is %j', (address, safe) => {
  expect(isSafeLink(address)).toBe(safe)
})

it('markdownToText leaves words, list marks and addresses', () => {
  expect(
    markdownToText(
      'Orders **fail** & [here](https://a.example/x) is more.\n\n1. One\n2. Two\n   - deep\n\nhttps://b.example [mail](mailto:x@y.example)\nEnd `code` <b>',
    ),
  ).toBe(
    'Orders fail & here (https://a.example/x) is more.\n\n1. One\n2. Two\n  - deep\n\nhttps://b.example mail (x@y.example)\nEnd code <b>',
  )
})
