import { mergeConfig } from 'vitest/config'
import usual from '../../vitest.config.ts'

// npm run torture: the long form, which takes the better part of an hour. Its parts run one after the other; a part by
// its name: npm run torture -- sms-sqlite.
const long = mergeConfig(usual, { test: { testTimeout: 3_600_000 } })
long.test.include = ['test/torture/*.long.ts']
long.test.fileParallelism = false
export default long
