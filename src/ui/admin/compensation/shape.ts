import type { InferResponseType } from 'hono/client'
import type { ApiClient } from '#api/client.ts'

type Of<T> = Exclude<T, { error: unknown }>

/** One offer, and one page of its claims, as the API answers them. */
export type Offer = Of<InferResponseType<ApiClient['api']['v1']['offers'][':id']['$get']>>
export type ClaimPage = Of<InferResponseType<ApiClient['api']['v1']['offers'][':id']['claims']['$get']>>
