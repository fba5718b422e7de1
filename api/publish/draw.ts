import type { App } from '#api/app.ts'
import { type Answers, openAnswers } from '#api/client.ts'
import { openDocuments } from '#api/feeds/documents.ts'
import { openReading, type Reading } from '#api/status/reading.ts'
import { type Finished, finish } from './files.ts'

/** Draws one page of the site, in process. Pages that share `answers` are drawn from one reading of the record. */
export type Render = (path: string, answers: Answers) => Promise<{ statusCode: number; rawPayload: Buffer }>

export interface Drawn {
  files: Finished[]
  /** Places where nothing public is, or is no longer. */
  gone: string[]
  /** Places that could not be drawn now, each with the reason; each is logged. */
  failed: Map<string, string>
  /** What they were drawn from. */
  reading: Reading
}

const missingPage = /\/404\.html$/

/**
 * Draws places one after the other, each packed while the next is drawn. What they show was read after this was called,
 * each thing once, or is what was read before for others (`from`). Never throws.
 */
export function openDraw(app: App, render: Render): (places: string[], from?: Reading) => Promise<Drawn> {
  return async (places, reading = openReading(app)) => {
    /** Why something that pages are made of could not be read: a page itself only says that it failed. */
    let cause: Error | undefined
    const known = (path: string) => {
      const answer = reading.answerTo(path)
      answer?.catch((error: Error) => {
        cause ??= error
      })
      return answer
    }
    const answers = openAnswers({ known, freeze: app.config.mode === 'test' })
    const document = openDocuments(app, reading)
    const drawn: Drawn = { files: [], gone: [], failed: new Map(), reading }
    const bytesOf = async (place: string): Promise<Buffer | 'gone'> => {
      const bytes = await document(place)
      if (bytes !== null) return bytes ?? 'gone'
      const { statusCode, rawPayload } = await render(place, answers)
      if (missingPage.test(place) && statusCode === 404) return rawPayload
      // What could not be read is not gone.
      if (statusCode === 404 && !cause) return 'gone'
      if (statusCode !== 200) throw cause ?? new Error(`the page answered ${statusCode}`)
      return rawPayload
    }
    const packed: Promise<Finished>[] = []
    for (const place of places) {
      try {
        const bytes = await bytesOf(place)
        if (bytes === 'gone') drawn.gone.push(place)
        else packed.push(finish(place, bytes))
      } catch (error) {
        const { message } = error as Error
        drawn.failed.set(place, message)
        app.log('error', 'publish.page-failed', { place, message })
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    drawn.files = await Promise.all(packed)
    return drawn
  }
}
