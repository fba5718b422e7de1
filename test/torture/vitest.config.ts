import { mergeConfig } from 'vitest/config'
import usual from '../../vitest.config.ts'

// npm run torture: the long form, which takes the better part of an hour.
const long = mergeConfig(usual, { test: { testTimeout: 3_600_000 } })
long.test.include = ['test/torture/torture.long.ts']
export default long
