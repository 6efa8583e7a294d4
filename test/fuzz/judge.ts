// Runs a case and holds every number of its results to the oracle.
import { understand } from '../../compiler/pipeline.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import type { Case } from './arbitraries/cases.ts'
import type { Executor, Executors } from './executors.ts'
import { expectedDecode, expectedForward } from './expected.ts'
import type { Expected } from './expected.ts'
import { callOf, decodeTensors, forwardTensors, stepOf } from './tensors.ts'

/** How much was looked at, so that a run which looks at nothing is seen. */
export interface Tally {
  outputs: number
  numbers: number
  /** Numbers for which 0 would be wrong, or that are 0. */
  telling: number
  /** Attentions that have no kernels there. */
  unsupported: number
}

export const newTally = (): Tally => ({ outputs: 0, numbers: 0, telling: 0, unsupported: 0 })

/** What is wrong, in words; nothing where all is right. */
export async function faultOf(one: Case, executors: Executors, tally: Tally): Promise<string | undefined> {
  const { tree, checked, diagnostics } = understand({ file: 'fuzz.attn', text: one.spec.text })
  const error = diagnostics.find(({ severity }) => severity === 'error')
  const [model] = checked.attentions
  if (error !== undefined || model === undefined)
    return `the file has an error: ${error?.code} ${error?.message}`
  const calls = callsOf(one, model)
  for (const [name, open] of Object.entries(executors)) {
    try {
      const executor = await open(one, { tree, model })
      if (executor === undefined) {
        tally.unsupported++
        continue
      }
      const fault = await faultOn(executor, calls, one, tally)
      executor.destroy()
      if (fault !== undefined) return `${name}: ${fault}`
    } catch (error) {
      return `${name}: ${error instanceof Error ? error.stack : String(error)}`
    }
  }
  return undefined
}

/** A call, and by output what it should give. */
interface Subject {
  readonly what: string
  readonly run: (executor: Executor) => Promise<readonly Float32Array[]> | undefined
  readonly expected: () => readonly (readonly Expected[])[]
}

function callsOf(one: Case, model: AttentionModel): Subject[] {
  const forward = one.forward.map((plan, index): Subject => {
    const tensors = forwardTensors(one, plan)
    return {
      what: `forward ${index}`,
      run: async (executor) => [await executor.forward(callOf(one, plan, tensors))],
      expected: once(() => [expectedForward(one, model, plan, tensors)]),
    }
  })
  const decode = one.decode.map((plan, index): Subject => {
    const tensors = decodeTensors(one, plan)
    return {
      what: `decoding ${index}`,
      run: (executor) =>
        executor.decode?.(callOf(one, plan, tensors.prompt), tensors.steps.map(stepOf), plan.restored),
      expected: once(() => expectedDecode(one, model, plan, tensors)),
    }
  })
  return [...forward, ...decode]
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

async function faultOn(
  executor: Executor,
  calls: readonly Subject[],
  one: Case,
  tally: Tally,
): Promise<string | undefined> {
  for (const { what, run, expected } of calls) {
    const outputs = await run(executor)
    for (const [index, out] of outputs?.entries() ?? []) {
      const fault = difference(out, expected()[index]!, one, tally)
      if (fault !== undefined) return `${what}${index > 0 ? `, step ${index}` : ''}, ${fault}`
    }
  }
  return undefined
}

/** f32 holds nothing much greater, and what is summed on the way may be greater. */
const nearlyTooLarge = 1e30

function difference(
  out: Float32Array,
  expected: readonly Expected[],
  { spec, heads }: Case,
  tally: Tally,
): string | undefined {
  tally.outputs++
  const ofHead = out.length / expected.length
  let worst: string | undefined
  let excess = 1
  for (const { item, head, rows } of expected)
    for (const [i, row] of rows.entries())
      for (const [column, { value, tolerance }] of row.entries()) {
        if (!(Math.abs(value) < nearlyTooLarge) || !(tolerance < Infinity)) continue
        tally.numbers++
        if (tolerance < Math.abs(value) / 2 || value === 0) tally.telling++
        const found = out[(item * heads + head) * ofHead + i * spec.valueDim + column]!
        if (found === value) continue
        const off = Number.isFinite(found) ? Math.abs(found - value) / tolerance : Infinity
        if (off > excess) {
          excess = off
          worst = `item ${item}, head ${head}, row ${i}, column ${column}: found ${found}, expected ${value} ± ${tolerance.toPrecision(2)}`
        }
      }
  return worst
}
