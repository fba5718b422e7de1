import type { Instant } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'

// Who the customers are, and who of them was affected by an incident. The marks are those of schema.ts.
type Json = string
type Flag = number

export type ImportKind = 'customers' | 'affected'
/**
 * "uploading" is being received; "uploaded" waits for its columns to be named, "reading" is being checked row by row, "read" waits for a person,
 * "committing" is being applied; "refused" is a file that cannot be used, with the reason.
 */
export type ImportState =
  | 'uploading'
  | 'uploaded'
  | 'reading'
  | 'read'
  | 'committing'
  | 'committed'
  | 'refused'
  | 'discarded'
/** "accepted" rows wait in the record until a person commits them; the others are kept to be named with their lines. */
export type RowFate = 'accepted' | 'rejected' | 'duplicate' | 'unknown'
export type AffectedSource = 'csv' | 'component' | 'rule' | 'api'

export interface Customers {
  customer: {
    id: string
    /** The company's own number for this customer. */
    externalId: string
    name: string
    plan: string
    region: string
    segment: string
    keyFlag: Flag
    /** The company's own staff and test accounts: never offered anything. */
    internalFlag: Flag
    accountManager: string | null
    monthlyFeeMinor: number | null
    currency: string | null
    locale: Locale
    createdAt: Instant
    updatedAt: Instant
    archivedAt: Instant | null
  }
  customerContact: {
    id: string
    customerId: string
    channel: 'email' | 'sms'
    /** In the channel's normal form: lower-case mail address, E.164 number. */
    address: string
    locale: Locale
    name: string | null
  }
  customerComponent: { customerId: string; componentId: string }

  /** A file that was handed in, or a rule that is being looked up, until a person has decided about it. */
  import: {
    id: string
    kind: ImportKind
    incidentId: string | null
    state: ImportState
    /** Why it was refused: a Finding as JSON. */
    reason: Json | null
    /** A Rule as JSON where customers are found in the registry; null where they are read from a file. */
    rule: Json | null
    fileName: string
    /** SHA-256 of its bytes, or of the rule. */
    hash: string
    bytes: number
    encoding: string | null
    delimiter: string | null
    /** Its headings and first rows: string[][] as JSON. */
    sample: Json | null
    /** Which field each column holds, null for none: (string | null)[] as JSON. */
    mapping: Json | null
    /** What amounts without a currency of their own are in. */
    currency: string | null
    bytesDone: number
    rows: number
    accepted: number
    rejected: number
    duplicates: number
    unknown: number
    /** The line up to which it has been read, and after that, applied. */
    lineDone: number
    applied: number
    /** The list that its rows are written under; it counts once the list is there. */
    listId: string | null
    createdAt: Instant
    createdBy: string
    readAt: Instant | null
    committedAt: Instant | null
    committedBy: string | null
    discardedAt: Instant | null
  }
  /** The bytes of a file, in base64, until they are needed no more. Any worker can go on with them, after a restart too. */
  importPart: { importId: string; number: number; content: string }
  importRow: {
    importId: string
    /** The line of the file on which the row begins, from 1. */
    line: number
    fate: RowFate
    key: string | null
    /** What the row said: the customer it describes, or its cells as they stood. */
    cells: Json | null
    /** Findings as JSON. */
    reason: Json | null
    /** Of a duplicate: the line that counts. */
    firstLine: number | null
  }
  /** Which field a person last chose for a heading. */
  importHeading: { kind: ImportKind; heading: string; field: string }

  /** Who was affected by an incident, and how that is known. Its customers count while it is there and not discarded. */
  affectedList: {
    id: string
    incidentId: string
    source: AffectedSource
    description: string
    /** Of a rule: what it asks for, as JSON. */
    rule: Json | null
    importId: string | null
    rows: number
    hash: string
    createdAt: Instant
    createdBy: string
    discardedAt: Instant | null
  }
  affectedCustomer: {
    listId: string
    customerId: string
    minutes: number | null
    feeMinor: number | null
    amountMinor: number | null
    /** Where it stood in the file. */
    line: number | null
  }
}
