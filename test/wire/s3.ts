import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Answer, openWire, type WireServer } from './server.ts'

/** A bucket as a test looks at it. */
export interface S3Wire extends WireServer {
  /** What PUBLISH_MIRRORS is told to keep a copy here. */
  setting(prefix: string): string
  /** What lies in it, by its key. */
  objects: Map<string, { body: string; type: string; cache: string }>
  /** Methods and keys of what was asked and done since the last call. */
  asked(): string[]
}

const accessKey = 'AKIDTESTTESTTEST'
const secretKey = 'a/secret+with%odd:letters'
const region = 'eu-central-1'
const bucket = 'status-copies'
/** How far a request's time may be from the server's, in milliseconds. */
const skewMs = 15 * 60_000

/** A storage that speaks the part of S3 that copies need, checks every signature (AWS Signature Version 4), and fails when told to. */
export async function openS3(): Promise<S3Wire> {
  const objects: S3Wire['objects'] = new Map()
  let asked: string[] = []
  const answer = (req: IncomingMessage, body: string): Answer => {
    const wrong = refusal(req, body)
    if (wrong) return xml(403, wrong)
    const { pathname } = new URL(req.url ?? '/', 'http://storage.example')
    const [, named, key] = /^\/([^/]+)\/(.+)$/.exec(decodeURIComponent(pathname)) ?? []
    if (named !== bucket || !key) return xml(404, 'NoSuchBucket')
    asked.push(`${req.method} ${key}`)
    const object = objects.get(key)
    if (req.method === 'PUT') {
      objects.set(key, {
        body,
        type: req.headers['content-type'] ?? '',
        cache: req.headers['cache-control'] ?? '',
      })
      return { status: 200, body: '', headers: { 'content-type': 'text/plain' } }
    }
    if (req.method === 'DELETE') {
      objects.delete(key)
      return { status: 200, body: '', headers: { 'content-type': 'text/plain' } }
    }
    if (!object) return xml(404, 'NoSuchKey')
    return { status: 200, body: object.body, headers: { 'content-type': 'text/plain; charset=utf-8' } }
  }
  const wire = await openWire(answer, (status) => ({ status }))
  return {
    ...wire,
    objects,
    setting: (prefix) => {
      const keys = `${accessKey}:${encodeURIComponent(secretKey)}`
      return `s3+${wire.url.replace('://', `://${keys}@`)}/${bucket}/${prefix}?region=${region}`
    },
    asked: () => {
      const list = asked
      asked = []
      return list
    },
  }
}

const xml = (status: number, code: string): Answer => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`,
  headers: { 'content-type': 'text/xml' },
})

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** The code with which S3 turns a request away, computed anew from what came over the wire; null when it is signed right. */
function refusal(req: IncomingMessage, body: string): string | null {
  const given = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
    req.headers.authorization ?? '',
  )
  if (!given) return 'AccessDenied'
  const [, credential = '', signed = '', signature] = given
  const [key, day, place, service, end] = credential.split('/')
  if (key !== accessKey) return 'InvalidAccessKeyId'
  const at = String(req.headers['x-amz-date'] ?? '')
  const time = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(Date.now() - time) < skewMs)) return 'RequestTimeTooSkewed'
  if (day !== at.slice(0, 8) || place !== region || service !== 's3' || end !== 'aws4_request')
    return 'AuthorizationHeaderMalformed'
  if (!['host', 'x-amz-content-sha256', 'x-amz-date'].every((name) => signed.split(';').includes(name)))
    return 'AccessDenied'
  if (req.headers['x-amz-content-sha256'] !== sha256(body)) return 'XAmzContentSHA256Mismatch'
  const { pathname } = new URL(req.url ?? '/', 'http://storage.example')
  const canonical = [
    req.method,
    pathname,
    '',
    ...signed.split(';').map((name) => `${name}:${String(req.headers[name]).trim().replace(/\s+/g, ' ')}`),
    '',
    signed,
    sha256(body),
  ].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const signing = ['s3', 'aws4_request'].reduce(hmac, hmac(hmac(`AWS4${secretKey}`, day ?? ''), region))
  const right = hmac(signing, ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n')).toString('hex')
  return signature === right ? null : 'SignatureDoesNotMatch'
}
