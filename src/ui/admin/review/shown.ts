import type { ShownReview } from '#api/reviews/read.ts'

/** A review as the API answers it. */
export type Shown = ShownReview
