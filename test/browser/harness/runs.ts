// Calls of compiled modules in a browser, beside what float64 says of them.
import type { Page } from 'playwright-core'
import type { Backend } from '../../../runtime/attention.ts'
import type { Built } from '../../../compiler/pipeline.ts'
import { expected, full, relativeError, tensors, weightsFor } from '../../numeric/harness.ts'
import type { Sizes } from '../../numeric/harness.ts'
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
  const weights = weightsFor(built, ...shapes)
  const inputs = shapes.map((sizes) => tensors(built, sizes, 11, deviation))
  return {
    run: {
      module: `/modules/${built.model.name}.js`,
      text: built.program.source,
      backend,
      weights: Object.fromEntries(Object.entries(weights).map(([name, values]) => [name, [...values]])),
      calls: shapes.map((sizes, index): Call => {
        const { q, k, v, inputs: given = {} } = inputs[index]!
        const { lengths } = sizes
        const declared = Object.entries(given).map(([name, of]) => [name, [...of]] as const)
        return {
          q: [...q],
          k: [...k],
          v: [...v],
          ...(declared.length > 0 && { inputs: Object.fromEntries(declared) }),
          sizes: full(sizes),
          ...(lengths && { lengths }),
        }
      }),
    },
    wanted: shapes.map((sizes, index) => expected(built, sizes, inputs[index]!, undefined, weights)),
  }
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
