// Calls of compiled modules in a browser, beside what float64 says of them.
import type { Page } from 'playwright-core'
import type { Backend } from '../../../runtime/attention.ts'
import type { Built } from '../../../compiler/pipeline.ts'
import { expected, full, normals, relativeError, tensors } from '../../numeric/harness.ts'
import type { Sizes, Weights } from '../../numeric/harness.ts'
import type { loseDevice as loseDeviceInPage } from '../pages/lose-device.mjs'
import type { Call, Outcome, Run } from '../pages/run.mjs'

declare global {
  // What `pages/index.html` offers.
  var runHere: (given: Run) => Promise<Outcome>
  var runInWorker: (given: Run) => Promise<Outcome>
  var loseDevice: typeof loseDeviceInPage
}

export interface Prepared {
  readonly run: Run
  readonly wanted: readonly Float64Array[]
}

/** Seeded calls of a module, small enough for a software device. */
export function prepare(built: Built, shapes: readonly Sizes[], backend: Backend, deviation = 1): Prepared {
  const weights = weightsOf(built, shapes)
  const inputs = shapes.map((sizes) => tensors(built, sizes, 11, deviation))
  return {
    run: {
      module: `/modules/${built.model.name}.js`,
      text: built.program.source,
      backend,
      weights: Object.fromEntries(Object.entries(weights).map(([name, values]) => [name, [...values]])),
      calls: shapes.map((sizes, index): Call => {
        const { q, k, v } = inputs[index]!
        const { lengths } = sizes
        return { q: [...q], k: [...k], v: [...v], sizes: full(sizes), ...(lengths && { lengths }) }
      }),
    },
    wanted: shapes.map((sizes, index) => expected(built, sizes, inputs[index]!, undefined, weights)),
  }
}

/** For the heads of every shape, which must be the same, and for the longest of them. */
function weightsOf({ program }: Built, shapes: readonly Sizes[]): Weights {
  const filled = shapes.map(full)
  const rows = Math.max(...filled.map(({ keyLength }) => keyLength))
  const heads = filled[0]!.heads
  return Object.fromEntries(
    program.weights.map(({ name, perHead, perKeyRow }, index) => [
      name,
      normals(heads * perHead * (perKeyRow === true ? rows : 1), 71 + index, 0.3),
    ]),
  )
}

/** The largest relative error among the calls of a run, and what it ran on. */
export async function errorIn(
  page: Page,
  where: 'runHere' | 'runInWorker',
  { run, wanted }: Prepared,
): Promise<{ error: number; backend: Backend; device: string }> {
  const { outputs, backend, device } = await page.evaluate(([where, run]) => globalThis[where](run), [
    where,
    run,
  ] as const)
  return {
    error: Math.max(...wanted.map((values, n) => relativeError(outputs[n] ?? [], values))),
    backend,
    device,
  }
}
