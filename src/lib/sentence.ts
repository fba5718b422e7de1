import { escapeHtml } from '#api/lib/html.ts'

/** HTML that is already safe to print. */
export interface Html {
  html: string
}

/** A label with values in its {braces}, as HTML: plain values are escaped, HTML values stand as they are. */
export const sentence = (label: string, values: Record<string, string | number | Html>): string =>
  escapeHtml(label).replace(/\{(\w+)\}/g, (brace, name: string) => {
    const value = values[name]
    if (value === undefined) return brace
    return typeof value === 'object' ? value.html : escapeHtml(String(value))
  })

/** A link as HTML, for a sentence. */
export const linkHtml = (href: string, text: string): Html => ({
  html: `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`,
})
