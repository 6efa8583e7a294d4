/** Tries a property on generated cases, and shrinks the first that fails. */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { NoSuchCase } from '../report.ts'
import type { Table } from '../report.ts'
import type { Effort, Outcome } from './property.ts'

/** What is wrong with a case. */
export interface Failure {
  /** What was expected and what came, in a sentence. */
  readonly what: string
  readonly table: Table
}

export interface Trial<Given> {
  readonly cases: Arbitrary<Given>
  /** Nothing where the case is as it should be. */
  readonly attempt: (given: Given) => Promise<Failure | undefined>
  readonly describe: (given: Given) => string
  /** The sentence for a property that held in `count` cases. */
  readonly held: (count: number) => string
}

/** Cases that a counterexample may be shrunk by: each costs runs on a device. */
const shrinkingSteps = 150

export async function tryCases<Given>(
  trial: Trial<Given>,
  { seed, runs, path, shrink = true, say }: Effort,
): Promise<Outcome> {
  let tried = 0
  let steps = 0
  let failure: Failure | undefined
  let thrown: Error | undefined
  const property = fc.asyncProperty(trial.cases, async (given) => {
    if (thrown !== undefined || (failure !== undefined && ++steps > shrinkingSteps)) return true
    say(failure === undefined ? `case ${++tried} of ${runs}` : `shrinking the counterexample, step ${steps}`)
    try {
      const found = await trial.attempt(given)
      failure = found ?? failure
      return found === undefined
    } catch (error) {
      // A device that fails says nothing about the property.
      thrown = error instanceof Error ? error : new Error(String(error))
      return true
    }
  })
  const result = await (path === undefined
    ? fc.check(property, { seed, numRuns: runs, endOnFailure: !shrink })
    : replay(property, { seed, numRuns: runs, path }))
  if (thrown !== undefined) throw thrown
  const [given] = result.counterexample ?? []
  if (tried === 0) return { status: 'undecided', detail: 'no case was tried' }
  if (!result.failed || given === undefined || failure === undefined)
    return { status: 'held', detail: trial.held(result.numRuns) }
  return {
    status: 'refuted',
    detail: failure.what,
    counterexample: {
      case: trial.describe(given),
      table: failure.table,
      ...(result.counterexamplePath === null ? {} : { path: result.counterexamplePath }),
    },
  }
}

/** @throws NoSuchCase where fast-check does not find its way */
async function replay<Given>(
  property: fc.IAsyncProperty<[Given]>,
  options: { readonly seed: number; readonly numRuns: number; readonly path: string },
): Promise<fc.RunDetails<[Given]>> {
  const { path, seed } = options
  if (!/^\d+(:\d+)*$/.test(path)) throw new NoSuchCase(path, seed)
  const check = async () => fc.check(property, { ...options, endOnFailure: true })
  const result = await check().catch(() => undefined)
  if (result === undefined || result.numRuns === 0) throw new NoSuchCase(path, seed)
  return result
}
