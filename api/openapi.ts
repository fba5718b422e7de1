import { permissionOf } from '#api/accounts/permissions.ts'

/** The parts of an OpenAPI 3.1 schema that we write and read. */
export interface ApiSchema {
  $ref?: string
  type?: string | string[]
  format?: string
  enum?: (string | number | boolean | null)[]
  description?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  properties?: Record<string, ApiSchema>
  required?: string[]
  items?: ApiSchema
  anyOf?: ApiSchema[]
  oneOf?: ApiSchema[]
  allOf?: ApiSchema[]
  additionalProperties?: boolean | ApiSchema
}

interface Content {
  content?: Record<string, { schema?: ApiSchema }>
}

export interface ApiOperation {
  summary?: string
  description?: string
  tags?: string[]
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: ApiSchema }[]
  requestBody?: Content & { required?: boolean }
  responses: Record<string, Content & { description: string }>
}

/** The OpenAPI document of this program. */
export interface ApiDocument {
  openapi: string
  info: { title: string; version: string; description?: string }
  servers?: { url: string }[]
  paths: Record<string, Record<string, ApiOperation>>
  components?: { schemas?: Record<string, ApiSchema> }
}

/** Gives each operation what only the whole program knows: its summary, who may use it, and a tag where it has none. */
export function describe(document: ApiDocument): ApiDocument {
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(operations)) {
      const [, success] = Object.entries(operation.responses).find(([status]) => /^[23]/.test(status)) ?? []
      operation.summary ??= success?.description ?? ''
      operation.tags ??= [path.startsWith('/api/') ? 'Accounts' : 'Operations']
      const row = permissionOf(method.toUpperCase(), path.replace(/\{(\w+)\}/g, ':$1'))
      const who = row?.who === 'public' ? 'Public: no token.' : `For: ${row?.who.join(', ')}.`
      operation.description = [operation.description, who].filter(Boolean).join(' ')
    }
  return document
}
