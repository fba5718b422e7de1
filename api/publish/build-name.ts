import { createHash } from 'node:crypto'
import type { App } from '#api/app.ts'

/** Names what pages are drawn with besides the record: the built site, the company, the address. */
export const buildOf = ({ site, config }: App, build: string): string =>
  createHash('sha256')
    .update(JSON.stringify([build, site, config.publicUrl, config.mode]))
    .digest('hex')
    .slice(0, 16)
