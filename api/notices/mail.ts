import { escapeHtml } from '#api/lib/html.ts'
import type { Site } from '#api/site.ts'
import type { Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'

// A mail that holds up in real clients: one column of 600 px at the most, styles inside the elements, two tables for
// Outlook's sake, no image, no tracker, and colours for dark mode.

/** A line of facts under the text: what, and its values one under the other. */
export interface MailFact {
  label: string
  values: string[]
  /** Set when the value is in another language than the mail. */
  lang?: Locale
}

interface MailParts {
  locale: Locale
  site: Site
  publicUrl: string
  subject: string
  /** What an inbox shows beside the subject. */
  preheader: string
  heading: string
  /** Set when the heading is in another language than the mail. */
  headingLang?: Locale
  /** The word above the heading and the colour of the rule; left out: the company's accent. */
  state?: { word: string; colour: string; darkColour: string }
  /** Plain sentences, or finished HTML with the same as text. `lang` when it is in another language than the mail. */
  paragraphs: string[] | { html: string; text: string; lang?: Locale; note?: string }
  facts?: MailFact[]
  button?: { label: string; url: string }
  /** A link below the button: what the reader may do besides. */
  after?: { label: string; url: string }
  /** Sentences at the foot: why this came. Who sends it and where to ask are always there. */
  footer: string[]
  /** Links at the foot: preferences, goodbye. */
  links?: { label: string; url: string }[]
}

const sans = "system-ui,-apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"
const serif = "'Iowan Old Style',Palatino,'Palatino Linotype','Songti SC','Noto Serif CJK SC',Georgia,serif"
const ink = '#1a1917'
const soft = '#5d5a53'
const line = '#e4e0d7'
const accent = '#1a1917'
const darkInk = '#efece4'

const dark = (tone: string) => `:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){.paper{background:#141412!important}.sheet{background:#1b1b18!important;border-color:${tone} #33312b #33312b!important}.tone{color:${tone}!important}.ink,.body,.body *{color:#efece4!important}.soft{color:#a8a397!important}.rule{border-color:#33312b!important}.button{background:#efece4!important;color:#141412!important}}
.body p{margin:0 0 16px}.body ul,.body ol{margin:0 0 16px;padding-left:24px}`

/** Control characters never reach a header. */
const oneLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim()

/** Draws a mail as HTML and as plain text; both say the same. Texts are escaped here, `paragraphs.html` alone is trusted. */
export function mailDocument(parts: MailParts): { subject: string; html: string; text: string } {
  const { locale, site } = parts
  const words = wordsOf(locale).messages.mail
  const subject = oneLine(parts.subject)
  const host = new URL(parts.publicUrl).host
  const feet = [
    ...parts.footer,
    fill(words.sentBy, { name: site.name[locale], host }),
    fill(words.help, { email: site.support.email }),
  ]
  const body = Array.isArray(parts.paragraphs)
    ? {
        html: parts.paragraphs.map((paragraph) => `<p style="margin:0 0 16px">${escapeHtml(paragraph)}</p>`).join(''),
        text: parts.paragraphs.join('\n\n'),
      }
    : parts.paragraphs
  return { subject, html: htmlOf(parts, subject, body, feet), text: textOf(parts, body, feet) }
}

type Body = { html: string; text: string; lang?: Locale; note?: string }

function htmlOf(parts: MailParts, subject: string, body: Body, feet: string[]): string {
  const { locale, state, button } = parts
  const colour = state?.colour ?? parts.site.colours?.accent ?? accent
  const darkColour = state?.darkColour ?? parts.site.colours?.accent ?? darkInk
  const lang = body.lang ? ` lang="${body.lang}"` : ''
  const rows = (parts.facts ?? []).map(
    (fact) =>
      `<tr><td class="rule" style="padding:10px 0;border-top:1px solid ${line}"><div class="soft" style="font-size:13px;color:${soft}">${escapeHtml(fact.label)}</div>` +
      `<div class="ink" style="color:${ink}"${fact.lang ? ` lang="${fact.lang}"` : ''}>${fact.values.map(escapeHtml).join('<br>')}</div></td></tr>`,
  )
  const links = (parts.links ?? []).map(
    (link) => `<a class="soft" style="color:${soft}" href="${escapeHtml(link.url)}">${escapeHtml(link.label)}</a>`,
  )
  return [
    `<!doctype html><html lang="${locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"><meta name="format-detection" content="telephone=no,date=no,address=no">`,
    `<title>${escapeHtml(subject)}</title><style>${dark(darkColour)}</style></head>`,
    `<body class="paper" style="margin:0;padding:0;background:#fbfaf7;-webkit-text-size-adjust:100%">`,
    `<div style="display:none;max-height:0;overflow:hidden">${escapeHtml(parts.preheader)}</div>`,
    `<div style="padding:24px 12px"><!--[if mso]><table role="presentation" width="600" align="center"><tr><td><![endif]-->`,
    `<div class="sheet" style="max-width:600px;margin:0 auto;background:#ffffff;border:1px solid ${line};border-top:4px solid ${colour};font:16px/1.6 ${sans}">`,
    `<div style="padding:28px 28px 24px">`,
    `<p class="soft" style="margin:0 0 16px;font-size:14px;color:${soft}">${escapeHtml(parts.site.name[locale])}</p>`,
    state
      ? `<p class="tone" style="margin:0 0 6px;font-size:15px;font-weight:600;color:${colour}">${escapeHtml(state.word)}</p>`
      : '',
    `<h1 class="ink"${parts.headingLang ? ` lang="${parts.headingLang}"` : ''} style="margin:0 0 16px;font:600 26px/1.25 ${serif};color:${ink}">${escapeHtml(parts.heading)}</h1>`,
    body.note
      ? `<p class="soft" style="margin:0 0 16px;font-size:14px;color:${soft}">${escapeHtml(body.note)}</p>`
      : '',
    `<div class="body"${lang} style="color:${ink};overflow-wrap:anywhere">${body.html}</div>`,
    rows.length
      ? `<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="margin:8px 0 0;font:inherit">${rows.join('')}</table>`
      : '',
    button
      ? `<p style="margin:24px 0 0"><a class="button" href="${escapeHtml(button.url)}" style="display:inline-block;padding:10px 18px;background:${ink};color:#ffffff;text-decoration:none;font-weight:600;border-radius:6px">${escapeHtml(button.label)}</a></p>`
      : '',
    parts.after
      ? `<p style="margin:20px 0 0"><a class="ink" href="${escapeHtml(parts.after.url)}" style="color:${ink}">${escapeHtml(parts.after.label)}</a></p>`
      : '',
    `</div></div>`,
    `<div style="max-width:600px;margin:0 auto;font:13px/1.6 ${sans}"><div style="padding:16px 29px">`,
    ...feet.map((foot) => `<p class="soft" style="margin:0 0 8px;color:${soft}">${linkedMail(foot, parts.site)}</p>`),
    links.length ? `<p class="soft" style="margin:0;color:${soft}">${links.join(' &nbsp;·&nbsp; ')}</p>` : '',
    `</div></div><!--[if mso]></td></tr></table><![endif]--></div></body></html>`,
  ].join('')
}

/** A sentence at the foot, with the company's help address as a link where it names it. */
function linkedMail(sentence: string, { support }: Site): string {
  const address = escapeHtml(support.email)
  return escapeHtml(sentence).replace(
    address,
    `<a style="color:${soft}" class="soft" href="mailto:${address}">${address}</a>`,
  )
}

function textOf(parts: MailParts, body: Body, feet: string[]): string {
  const { colon } = wordsOf(parts.locale).messages.mail
  const facts = (parts.facts ?? []).map((fact) =>
    fact.values.length === 1
      ? `${fact.label}${colon}${fact.values[0]}`
      : `${fact.label}${colon.trimEnd()}\n${fact.values.map((value) => `  - ${value}`).join('\n')}`,
  )
  return [
    ...(parts.state ? [parts.state.word] : []),
    parts.heading,
    ...(body.note ? [body.note] : []),
    body.text,
    ...(facts.length ? [facts.join('\n')] : []),
    ...(parts.button ? [`${parts.button.label}${colon.trimEnd()}\n${parts.button.url}`] : []),
    ...(parts.after ? [`${parts.after.label}${colon.trimEnd()}\n${parts.after.url}`] : []),
    '-- ',
    ...feet,
    ...(parts.links ?? []).map((link) => `${link.label}${colon.trimEnd()}\n${link.url}`),
    '',
  ].join('\n\n')
}
