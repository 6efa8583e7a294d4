// Files that take minutes begin first, so that none is left for one worker alone while the other has nothing to do.
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/** Half a minute and longer, the longest first. The order tells on time alone. */
const long = [
  'answers/answers',
  'property/laws',
  'runtime/padding',
  'runtime/pieces',
  'answers/deno',
  'storage/devices',
  'cli/writing',
  'codegen/linear',
  'backward/specs',
  'fuzz/fuzz',
  'backward/equations',
  'runtime/ragged-decoding',
  'package/package',
  'runtime/states',
  'cli/run',
  'numeric/broken',
  'numeric/specs',
  'numeric/golden',
  'numeric/golden-lavapipe',
  'verification/mutants',
  'numeric/vanishing',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files)
    const place = ({ moduleId }: TestSpecification): number => {
      const found = long.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`))
      return found === -1 ? long.length : found
    }
    // A process that files share ends where a file comes next that has one of its own: those come first, all of them.
    const shares = ({ project }: TestSpecification): number => Number(!project.config.isolate)
    return others.toSorted((one, other) => shares(one) - shares(other) || place(one) - place(other))
  }
}
