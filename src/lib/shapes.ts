import type { Tone } from './state.ts'

// Each state has a shape of its own, so that nobody needs to tell colours apart: a ticked disc, a diamond, a ring with
// its centre, a triangle, a half-filled disc, a crossed octagon.
const shapes: Record<Tone, (ink: string, paper: string) => string> = {
  operational: (ink, paper) =>
    `<circle cx="8" cy="8" r="7" fill="${ink}"/><path d="m4.8 8.2 2.2 2.2 4.2-4.6" fill="none" stroke="${paper}" stroke-width="1.8"/>`,
  maintenance: (ink) => `<path d="m8 1.4 6.6 6.6L8 14.6 1.4 8Z" fill="none" stroke="${ink}" stroke-width="1.8"/>`,
  watching: (ink) =>
    `<circle cx="8" cy="8" r="6.2" fill="none" stroke="${ink}" stroke-width="1.7"/><circle cx="8" cy="8" r="2.6" fill="${ink}"/>`,
  degraded: (ink) => `<path d="M8 1.2 15.4 14.5H.6Z" fill="${ink}"/>`,
  partial: (ink) =>
    `<circle cx="8" cy="8" r="6.2" fill="none" stroke="${ink}" stroke-width="1.7"/><path d="M8 1.8a6.2 6.2 0 0 1 0 12.4Z" fill="${ink}"/>`,
  major: (ink, paper) =>
    `<path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5Z" fill="${ink}"/><path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" stroke="${paper}" stroke-width="1.8"/>`,
}

const tones = Object.keys(shapes) as Tone[]

/** The shapes once per page; marks refer to them. */
export const symbols = `<svg class="defs" aria-hidden="true">${tones
  .map((tone) => `<symbol id="${tone}" viewBox="0 0 16 16">${shapes[tone]('currentColor', 'var(--sheet)')}</symbol>`)
  .join('')}</svg>`

/** Inks that hold on the light and on the dark tab bar of a browser. */
const iconInk: Record<Tone, string> = {
  operational: '#2f8f63',
  maintenance: '#5b7fd0',
  watching: '#7d7a72',
  degraded: '#b98012',
  partial: '#d0661c',
  major: '#d3382c',
}

/** The page's icon as an address that needs no request; it follows the state. */
export const iconOf = (tone: Tone): string =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${shapes[tone](iconInk[tone], '#fff')}</svg>`,
  )
    .replace(/%20/g, ' ')
    .replace(/%3D/g, '=')
    .replace(/%3A/g, ':')
    .replace(/%2F/g, '/')
    .replace(/%22/g, "'")}`
