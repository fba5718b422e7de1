const formats = new Map<string, Intl.DateTimeFormat>()

/** How a language writes dates in a zone. Made once: making one takes far longer than using it. */
export function dateFormat(tag: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = [tag, zone, ...Object.entries(options).flat()].join(' ')
  let made = formats.get(key)
  if (!made) {
    made = new Intl.DateTimeFormat(tag, { timeZone: zone, ...options })
    formats.set(key, made)
  }
  return made
}
