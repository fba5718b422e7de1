import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/order.ts'

// Programs and threads that tests start again and again are compiled once.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'candor-compile-cache')

export default defineConfig({
  test: {
    include: ['api/**/*.test.ts', 'content/**/*.test.ts', 'src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Files share a few processes one after another: what each of them imports is read and compiled once.
    isolate: false,
    // One more than most machines of this kind have cores for: much of a story is waiting.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
  },
})
