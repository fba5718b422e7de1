import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import Busboy from '@fastify/busboy'
import { type ErrorCode, invalid } from '#api/errors.ts'

/** Where files are handed in: bodies of its own kind, and larger than any other. */
export const uploadPath = '/api/v1/imports'
export const isUpload = (method: string, path: string): boolean => method === 'POST' && path === uploadPath

/** A browser's form posts a file like this; a program posts the bytes as they are. */
export const isForm = (contentType: string | undefined): boolean => /^multipart\/form-data\b/i.test(contentType ?? '')

/**
 * Where a browser goes whose file was not taken: back to the form it came from, which says why, and by the sign-in where
 * its session has ended. A file does not travel through a sign-in: it is chosen again.
 */
export function wayBack(code: ErrorCode | 'internal', { kind, incident }: Record<string, string>): string {
  const affected = kind === 'affected' && /^[a-z0-9]{12}$/.test(incident ?? '')
  const form = affected ? `/admin/incidents/${incident}/affected` : '/admin/customers/import'
  if (code !== 'unauthorized') return `${form}?file=${code}`
  return `/admin/sign-in?next=${encodeURIComponent(`${form}?file=${code}`)}`
}

export interface Handed {
  fileName: string
  pieces: AsyncIterable<Uint8Array>
}

/** Longest name of a file that is kept, in characters. */
const fileNameMax = 120
const plainName = (name: string | undefined): string =>
  (name ?? '')
    .replace(/^.*[\\/]/, '')
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, '')
    .slice(0, fileNameMax) || 'upload.csv'

/** The file in a request as it comes in, held nowhere whole. Throws invalid for a body that is none. */
export async function fileIn(request: Request, name: string | undefined): Promise<Handed> {
  const type = request.headers.get('content-type') ?? ''
  const body = request.body ? Readable.fromWeb(request.body as ReadableStream<Uint8Array>) : Readable.from([])
  if (/^text\/(csv|plain|tab-separated-values)\b/i.test(type)) return { fileName: plainName(name), pieces: body }
  if (!isForm(type)) throw invalid('Send the file as it is, with the header Content-Type: text/csv.')
  return fileInForm(body, type)
}

/** The first file of a form. What comes behind it is read and let go. */
function fileInForm(body: Readable, type: string): Promise<Handed> {
  const found = Promise.withResolvers<Handed>()
  const form = new Busboy({ headers: { 'content-type': type }, limits: { files: 1, fields: 20, fieldSize: 10_000 } })
  form.on('file', (_field, file, fileName) => {
    // A form that breaks off inside the file is the file's trouble, too.
    form.on('error', (error: Error) => file.destroy(error))
    body.on('error', (error) => file.destroy(error))
    found.resolve({ fileName: plainName(fileName), pieces: file as AsyncIterable<Uint8Array> })
  })
  form.on('error', () => found.reject(invalid('This form broke off. Send it again.')))
  form.on('finish', () => found.reject(invalid('Choose a file.', { file: 'Choose a file.' })))
  body.on('error', () => found.reject(invalid('This form broke off. Send it again.')))
  body.pipe(form)
  return found.promise
}
