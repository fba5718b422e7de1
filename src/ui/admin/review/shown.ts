import type { ShownReview } from '#api/reviews/read.ts'

/** A review as the API answers it, as far as its page shows it. */
export type Shown = Omit<ShownReview, 'deliveries'>
