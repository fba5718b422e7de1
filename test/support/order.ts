import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The files that take longest, because they start processes and browsers or wait for them: they begin first, so that
 * the short ones fill what is left of every core. A name that is missing here costs a little time and nothing else.
 */
const longest = [
  'test/torture/torture.test.ts',
  'test/pages/admin.test.ts',
  'test/stories/beside.test.ts',
  'test/simulator/simulator.test.ts',
  'test/pages/three-offers.test.ts',
  'test/stories/demonstration.test.ts',
  'test/stories/power-cut.test.ts',
  'test/stories/command-line.test.ts',
  'test/pages/admin-second-look.test.ts',
  'test/stories/workers.test.ts',
  'test/pages/',
  'test/stories/',
]

/** The order in which test files begin: the same on every machine, whatever an earlier run has left behind. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((name) => moduleId.includes(`/${name}`))
      return place === -1 ? longest.length : place
    }
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => rank(a) - rank(b))
  }
}
