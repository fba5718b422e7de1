import type { ApiDocument, ApiOperation, ApiSchema } from '#api/openapi.ts'

/** One line of a table of fields. */
export interface Field {
  /** "components[].id" */
  name: string
  type: string
  required: boolean
  meaning: string
  /** The shape it refers to, which has a table of its own. */
  shape: string | null
}

export interface Section {
  tag: string
  operations: { id: string; method: string; path: string; operation: ApiOperation }[]
}

/** The operations by their tags, in the order of the document. */
export function sectionsOf(document: ApiDocument): Section[] {
  const sections = new Map<string, Section>()
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags?.[0] ?? ''
      const section = sections.get(tag) ?? { tag, operations: [] }
      sections.set(tag, section)
      section.operations.push({ id: idOf(method, path), method: method.toUpperCase(), path, operation })
    }
  return [...sections.values()]
}

const idOf = (method: string, path: string) => `${method}${path.replace(/[^a-z0-9]+/gi, '-')}`.replace(/-$/, '')

const shapeOf = (schema: ApiSchema): string | null => schema.$ref?.split('/').at(-1) ?? null

/** A schema in a few words: "text, at most 200 characters". */
export function typeOf(schema: ApiSchema | undefined): string {
  if (!schema) return ''
  const shape = shapeOf(schema)
  if (shape) return shape
  const several = schema.anyOf ?? schema.oneOf ?? schema.allOf
  if (several) return [...new Set(several.map(typeOf))].join(' | ')
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.items) return `${typeOf(schema.items)}[]`
  const type = [schema.type ?? []].flat().join(' | ')
  return [schema.format ?? type, limits(schema)].filter(Boolean).join(', ')
}

const limits = ({ minimum, maximum, minLength, maxLength }: ApiSchema): string =>
  [
    minimum !== undefined && Math.abs(minimum) < Number.MAX_SAFE_INTEGER ? `≥ ${minimum}` : '',
    maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? `≤ ${maximum}` : '',
    minLength ? `length ≥ ${minLength}` : '',
    maxLength ? `length ≤ ${maxLength}` : '',
  ]
    .filter(Boolean)
    .join(', ')

/** The fields of an object, those of objects inside it behind their name. A named shape is not opened: it has its own table. */
export function fieldsOf(schema: ApiSchema | undefined, before = ''): Field[] {
  if (!schema || shapeOf(schema)) return []
  if (schema.items) return fieldsOf(schema.items, `${before}[]`)
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const full = before ? `${before}.${name}` : name
    const field: Field = {
      name: full,
      type: inner.properties ? 'object' : inner.items?.properties ? 'object[]' : typeOf(inner),
      required: schema.required?.includes(name) ?? false,
      meaning: inner.description ?? '',
      shape: shapeOf(inner) ?? (inner.items ? shapeOf(inner.items) : null),
    }
    return [field, ...fieldsOf(inner, full)]
  })
}

/** What a request sends or an answer holds, as JSON. */
export const jsonOf = (content: { content?: Record<string, { schema?: ApiSchema }> } | undefined) =>
  content?.content?.['application/json']?.schema
