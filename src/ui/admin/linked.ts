import { escapeHtml } from '#api/lib/html.ts'

/** Plain text as HTML in which web addresses can be followed. */
export const linked = (text: string): string =>
  text
    .split(/(https?:\/\/[^\s<>"，。；）]*[^\s<>"，。；）.,;:!?)])/)
    .map((part, at) =>
      at % 2
        ? `<a href="${escapeHtml(part)}" target="_blank" rel="noopener">${escapeHtml(part)}</a>`
        : escapeHtml(part),
    )
    .join('')
