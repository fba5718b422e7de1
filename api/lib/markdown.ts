import MarkdownIt, { type Token } from 'markdown-it'

const maxNesting = 20

/**
 * The Markdown of updates: paragraphs, emphasis, lists, quotes, inline code and links. No HTML, no images, no headings
 * (they would break into the page's own), no code blocks (pasted indents are not meant as code).
 */
const markdown = new MarkdownIt('default', { html: false, linkify: true, breaks: true, maxNesting })
markdown.disable(['image', 'table', 'code', 'fence', 'reference', 'heading', 'lheading', 'hr'])
// Only what begins with https:// becomes a link by itself: a bare name would get a scheme that nobody wrote.
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false })
markdown.validateLink = isSafeLink
const openLink = markdown.renderer.rules.link_open
markdown.renderer.rules.link_open = (tokens, i, options, env, self) => {
  tokens[i]!.attrSet('rel', 'nofollow noopener')
  return openLink ? openLink(tokens, i, options, env, self) : self.renderToken(tokens, i, options)
}

/** Whether an address may be linked: https with a host and without a name in front of it, or mailto. */
export function isSafeLink(address: string): boolean {
  if (/^mailto:[^\s/]/i.test(address)) return URL.canParse(address)
  if (!/^https:\/\/[^\s/\\]/i.test(address) || !URL.canParse(address)) return false
  const { protocol, hostname, username, password } = new URL(address)
  return protocol === 'https:' && hostname !== '' && username === '' && password === ''
}

/** The HTML of a text a person wrote: safe to put into a page or a mail whatever stands in it. */
export const markdownToHtml = (text: string): string => markdown.render(text).trimEnd()

/** The same as plain text, for SMS and for mails without HTML: marks go, addresses of links stay. */
export function markdownToText(text: string): string {
  const lists: { ordered: boolean; number: number }[] = []
  let out = ''
  for (const token of markdown.parse(text, {})) {
    if (token.type === 'bullet_list_open' || token.type === 'ordered_list_open')
      lists.push({ ordered: token.type.startsWith('ordered'), number: Number(token.attrGet('start') ?? 1) })
    else if (token.type.endsWith('_list_close')) {
      lists.pop()
      if (!lists.length) out = `${out.trimEnd()}\n\n`
    } else if (token.type === 'list_item_open') {
      const list = lists.at(-1)!
      out += `${'  '.repeat(lists.length - 1)}${list.ordered ? `${list.number++}. ` : '- '}`
    } else if (token.type === 'inline') out += inlineText(token.children ?? [])
    else if (token.type === 'paragraph_close') out += lists.length ? '\n' : '\n\n'
  }
  return out.trim()
}

function inlineText(tokens: Token[]): string {
  let out = ''
  const links: { address: string; from: number }[] = []
  for (const token of tokens) {
    if (token.type === 'softbreak' || token.type === 'hardbreak') out += '\n'
    else if (token.type === 'link_open') links.push({ address: String(token.attrGet('href') ?? ''), from: out.length })
    else if (token.type === 'link_close') {
      const { address, from } = links.pop()!
      const shown = out.slice(from)
      const plain = address.replace(/^mailto:/i, '')
      if (shown !== plain && shown !== address && decoded(address) !== shown) out += ` (${plain})`
    } else out += token.content
  }
  return out
}

function decoded(address: string): string {
  try {
    return decodeURI(address)
  } catch {
    return address
  }
}
