// Files that take minutes begin first, so that none is left for one worker alone while the other has nothing to do.
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/** Twenty seconds and longer, the longest first. The order tells on time alone. */
const long = [
  'answers/answers',
  'numeric/broken',
  'codegen/linear',
  'fuzz/fuzz',
  'answers/deno',
  'property/laws',
  'backward/specs',
  'numeric/golden',
  'numeric/features',
  'cli/commands',
  'runtime/pieces',
  'runtime/padding',
  'storage/devices',
  'numeric/specs',
  'numeric/decoding',
  'numeric/layouts',
  'runtime/wasm-threads',
  'package/package',
  'runtime/ragged-decoding',
  'runtime/lifetime',
  'browser/example',
  'numeric/vanishing',
  'numeric/settings',
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
