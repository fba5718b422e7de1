import node from '@astrojs/node'
import { defineConfig } from 'astro/config'

// The API's front door mounts the built handler and writes its pages into files on publish; see README.md.
export default defineConfig({
  output: 'server',
  adapter: node({ mode: 'middleware', bodySizeLimit: 256 * 1024 }),
  trailingSlash: 'ignore',
  devToolbar: { enabled: false },
  // Origin and Sec-Fetch-Site are checked against PUBLIC_URL in api/server.ts: behind TLS this check answers 403 to every form.
  security: { checkOrigin: false },
  build: { inlineStylesheets: 'always', assets: 'assets' },
  // A page's own policy allows scripts from files only.
  vite: { build: { assetsInlineLimit: 0 } },
})
