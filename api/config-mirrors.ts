import { isAbsolute, resolve, sep } from 'node:path'

/** Where a copy of the published folder is kept, as PUBLISH_MIRRORS says it. */
export type MirrorConfig = FolderConfig | S3Config

export interface FolderConfig {
  kind: 'folder'
  /** What people are shown; no secret is in it. */
  name: string
  path: string
}

export interface S3Config {
  kind: 's3'
  name: string
  /** Address of the bucket and the prefix in it, without a last slash: "https://s3.example.com/bucket/status". */
  address: string
  region: string
  accessKey: string
  secretKey: string
}

const example =
  'PUBLISH_MIRRORS holds absolute folders and storage such as s3+https://ACCESS:SECRET@s3.example.com/bucket/prefix?region=eu-central-1, with commas between'
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/
/** What storage that knows no regions is asked with, and the first of those that do. */
const regionUnlessSaid = 'us-east-1'
/** Names that are the same in an address and in a signature. */
const plainPath = /^(?:\/[A-Za-z0-9._-]+)+$/

/**
 * Reads one mirror. A string is what is wrong with it, as a sentence that repeats no secret. `published` is the folder
 * that is copied.
 */
export function readMirror(text: string, published: string): MirrorConfig | string {
  if (isAbsolute(text)) {
    const path = resolve(text)
    const within = (inner: string, outer: string) => `${inner}${sep}`.startsWith(`${outer}${sep}`)
    if (within(path, published) || within(published, path))
      return `PUBLISH_MIRRORS: ${path} and the published folder ${published} must not lie in each other.`
    return { kind: 'folder', name: path, path }
  }
  const shape = /^s3\+(https?:\/\/.+)$/.exec(text)?.[1]
  if (!shape) return `${example}; one of yours is neither.`
  if (!URL.canParse(shape))
    return `${example}: yours is no address. Write @ : / + and % in a key as %40 %3A %2F %2B %25.`
  const url = new URL(shape)
  const { protocol, hostname, host, searchParams } = url
  if (protocol === 'http:' && !loopback.test(hostname))
    return `PUBLISH_MIRRORS: s3+http:// is for this machine alone; ${host} needs s3+https://.`
  if (!url.username || !url.password)
    return `${example}: the access key or its secret is missing for ${host}. Write @ : / + and % in a key as %40 %3A %2F %2B %25.`
  const pathname = url.pathname.replace(/\/+$/, '')
  if (!plainPath.test(pathname) || url.hash)
    return `${example}: a bucket is missing for ${host}, or its name or prefix has other characters than letters, digits, dots, dashes and underscores.`
  const unknown = [...searchParams.keys()].find((key) => key !== 'region')
  if (unknown !== undefined) return `${example}: "${unknown}" is no setting of it; region is.`
  try {
    return {
      kind: 's3',
      name: `${host}${pathname}`,
      address: `${protocol}//${host}${pathname}`,
      region: searchParams.get('region') || regionUnlessSaid,
      accessKey: decodeURIComponent(url.username),
      secretKey: decodeURIComponent(url.password),
    }
  } catch {
    return `${example}: a % in a key for ${host} must be written as %25.`
  }
}
