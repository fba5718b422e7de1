import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Programs and threads that tests start again and again are compiled once.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'candor-compile-cache')

export default defineConfig({
  test: {
    include: ['api/**/*.test.ts', 'content/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 3,
  },
})
