// Calls for gradients, and what is off of their results.
import { expect } from 'vitest'
import { understand } from '../../compiler/pipeline.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { callOf, tensor } from '../../compiler/verification/cases/case.ts'
import type { Case } from '../../compiler/verification/cases/case.ts'
import { weightsOf } from '../../compiler/verification/cases/weights.ts'
import type { GradientCall } from '../../compiler/verification/execution/executor.ts'
import { drawProjection } from '../../runtime/projection/index.ts'

/** The only attention of a text. */
export function modelOf(text: string): AttentionModel {
  const { checked, diagnostics } = understand({ file: 'gradient.attn', text })
  expect(diagnostics.map(({ message }) => message)).toEqual([])
  const [model] = checked.attentions
  if (model === undefined) throw new Error('the text declares an attention')
  return model
}

/** A call for gradients of such a shape. */
export function callWith(model: AttentionModel, shape: Case, lengths?: number[]): GradientCall {
  const call = callOf(model, shape)
  const { batch, heads, length } = call
  return {
    ...call,
    dout: tensor(batch * heads, length, model.valueDim, 50, 1),
    ...(lengths && { lengths }),
  }
}

/** The projection and the weights of an attention. */
export function keptFor(model: AttentionModel): Record<string, Float32Array> {
  const { projections, dim } = model
  const projection = projections && drawProjection({ ...projections, rows: projections.count, dim })
  return { ...weightsOf(model).values, ...(projection && { projection }) }
}

/** The gradients of these names of which some entry is off by more than `allowed` of the largest, in words. */
export function disagreements(
  names: readonly string[],
  found: (name: string) => ArrayLike<number> | undefined,
  expected: (name: string) => ArrayLike<number> | undefined,
  allowed: number,
): string[] {
  return names.flatMap((name) => {
    const [own, truth] = [found(name) ?? [], Array.from(expected(name) ?? [])]
    const largest = truth.reduce((most, entry) => Math.max(most, Math.abs(entry)), 1e-3)
    const at = truth.findIndex((entry, n) => !(Math.abs(entry - (own[n] ?? Number.NaN)) <= allowed * largest))
    return at === -1 ? [] : [`${name}[${at}] is ${own[at]}, and not ${truth[at]} (the largest: ${largest})`]
  })
}
