import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/postgres.ts'
import { startRunning } from '../support/program.ts'
import type { Figures } from './figures.ts'

/** What a browser fetches for the home page and the incident's page on the demonstration's evening, in bytes. */
export async function measureSizes(): Promise<Figures> {
  const dataDir = mkdtempSync(join(tmpdir(), 'candor-bench-'))
  const program = await startRunning(['api/cli.ts', 'demo'], { DATA_DIR: dataDir }, await freePort())
  try {
    const status = (await (await fetch(`${program.address}/api/v1/status`)).json()) as { open: { id: string }[] }
    const incident = `/incidents/${status.open[0]!.id}/`
    const figures: Figures = {}
    for (const [name, path] of [
      ['home page, English', '/'],
      ['home page, Chinese', '/zh-CN/'],
      ['incident page, English', incident],
      ['incident page, Chinese', `/zh-CN${incident}`],
    ] as const)
      figures[`${name}, brotli`] = {
        value: await bytesOf(`${program.address}${path}`),
        unit: 'bytes',
        reach: 8_000,
      }
    return figures
  } finally {
    await program.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** The compressed body as it travels; fetch would unpack it. Throws when the page is not served compressed. */
function bytesOf(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'br' } }, (response) => {
      if (response.statusCode !== 200 || response.headers['content-encoding'] !== 'br')
        return reject(new Error(`${url} answered ${response.statusCode} without brotli.`))
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      response.on('end', () => resolve(bytes))
    }).on('error', reject)
  })
}
