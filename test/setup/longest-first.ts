// Files that take minutes begin first, so that none is left for one worker alone while the other has nothing to do.
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/** Half a minute and longer, the longest first. The order tells on time alone. */
const long = [
  'answers/answers',
  'numeric/golden-lavapipe',
  'fuzz/fuzz',
  'codegen/linear',
  'property/laws',
  'numeric/specs',
  'numeric/golden',
  'numeric/vanishing',
  'package/package',
  'cli/run',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files)
    const place = ({ moduleId }: TestSpecification): number => {
      const found = long.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`))
      return found === -1 ? long.length : found
    }
    return others.toSorted((one, other) => place(one) - place(other))
  }
}
