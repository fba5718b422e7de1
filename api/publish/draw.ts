import type { App } from '#api/app.ts'
import type { Answers } from '#api/client.ts'
import { type DrawDocument, openDocuments } from '#api/feeds/documents.ts'
import { type Finished, finish } from './files.ts'

/** Draws one page of the site, in process. Pages that share `answers` are drawn from one reading of the record. */
export type Render = (path: string, answers: Answers) => Promise<{ statusCode: number; rawPayload: Buffer }>

export interface Drawn {
  files: Finished[]
  /** Places where nothing public is, or is no longer. */
  gone: string[]
  /** Places that could not be drawn now; each is logged. */
  failed: string[]
}

const missingPage = /\/404\.html$/

/**
 * Draws places one after the other, leaving the thread free between two. What they show was read after this was called,
 * each thing once. Never throws.
 */
export function openDraw(app: App, render: Render): (places: string[]) => Promise<Drawn> {
  const bytesOf = async (place: string, answers: Answers, document: DrawDocument): Promise<Buffer | 'gone'> => {
    const bytes = await document(place)
    if (bytes !== null) return bytes ?? 'gone'
    const { statusCode, rawPayload } = await render(place, answers)
    if (missingPage.test(place) && statusCode === 404) return rawPayload
    if (statusCode === 404) return 'gone'
    if (statusCode !== 200) throw new Error(`the page answered ${statusCode}`)
    return rawPayload
  }
  return async (places) => {
    const answers: Answers = new Map()
    const document = openDocuments(app)
    const drawn: Drawn = { files: [], gone: [], failed: [] }
    for (const place of places) {
      try {
        const bytes = await bytesOf(place, answers, document)
        if (bytes === 'gone') drawn.gone.push(place)
        else drawn.files.push(await finish(place, bytes))
      } catch (error) {
        drawn.failed.push(place)
        app.log('error', 'publish.page-failed', { place, message: (error as Error).message })
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    return drawn
  }
}
