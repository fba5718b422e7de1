import { expect, it } from 'vitest'
import { soughtAddress } from '../../src/ui/admin/forms.ts'
import { linked } from '../../src/ui/admin/linked.ts'

it('web addresses in plain text can be followed, without the stop after them and without becoming markup', () => {
  expect(linked('See https://s.example/i/1107. <b>')).toBe(
    'See <a href="https://s.example/i/1107" target="_blank" rel="noopener">https://s.example/i/1107</a>. &lt;b&gt;',
  )
  expect(linked('详情：https://s.example/a?b=1&c=2。')).toBe(
    '详情：<a href="https://s.example/a?b=1&amp;c=2" target="_blank" rel="noopener">https://s.example/a?b=1&amp;c=2</a>。',
  )
  expect(linked('javascript:alert(1) "https://x.example/"')).not.toMatch(/href="(javascript|[^"]*&quot;)/)
})

it('a phone number is found however it is written, and a mail address as it stands', () => {
  const sought = (address: string) => soughtAddress(new URLSearchParams({ address }))
  expect(sought(' +86 138-0013 (8000) ')).toBe('+8613800138000')
  expect(sought(' wang.li-1@mail.example ')).toBe('wang.li-1@mail.example')
  expect(sought('138 0013')).toBe('1380013')
})
