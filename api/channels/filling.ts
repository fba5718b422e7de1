// A notice to many is one text for all its readers, with marks where each reader's own words go, such as the link to
// leave. It is written once and filled in for each.

/** What stands where a reader's own words of this name go: control characters, which are taken out of what people write. */
export const markOf = (name: string): string => `\u0001${name}\u0001`

/** A text with its marks filled in; one without `fills` has none. */
export const filled = (text: string, fills: Readonly<Record<string, string>> = {}): string =>
  text.replace(/\u0001(\w+)\u0001/g, (mark, name: string) => fills[name] ?? mark)

/** JSON cut at the marks of the texts inside: what is the same for all, a name, what is the same for all, and so on. */
export const cutAtMarks = (json: string): string[] => json.split(/\\u0001(\w+)\\u0001/)
