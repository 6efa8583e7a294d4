// Verifies the one attention of a text on a platform of the test's choice.
import { understand } from '../../compiler/pipeline.ts'
import { InvariantError } from '../../compiler/diagnostics/invariant.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import type { Platform, Storage } from '../../compiler/verification/execution/executor.ts'
import { type PropertyName, propertyNames, type PropertyResult } from '../../compiler/verification/report.ts'
import type { SampleSize } from '../../compiler/verification/sampling/gram.ts'
import { verifyAttention } from '../../compiler/verification/verify-attention.ts'

export interface Effort {
  readonly runs?: number
  readonly seed?: number
  readonly sample?: SampleSize
  readonly storage?: Storage
  readonly shrink?: boolean
}

export function modelOf(text: string): AttentionModel {
  const { checked, diagnostics } = understand({ file: 'test.attn', text })
  const wrong = diagnostics.filter(({ severity }) => severity === 'error')
  if (wrong.length > 0) throw new Error(wrong.map(({ code, message }) => `${code} ${message}`).join('\n'))
  const [model] = checked.attentions
  if (model === undefined) throw new Error('the text has no attention')
  return model
}

export async function resultOf(
  model: AttentionModel,
  platform: Platform,
  property: PropertyName,
  { runs = 8, seed = 1, sample, storage, shrink }: Effort = {},
): Promise<PropertyResult> {
  const { properties } = await verifyAttention(model, platform, {
    runs,
    seed,
    property,
    storage,
    shrink,
    say: () => {},
    ...(sample && { sample }),
  })
  const [result] = properties
  if (result === undefined) throw new Error(`there is no property ${property}`)
  return result
}

/** The first of these properties that is refuted; a rule of the kernels that is broken on the way counts as one. */
export async function firstRefuted(
  model: AttentionModel,
  platform: Platform,
  properties: readonly PropertyName[] = propertyNames,
  effort: Effort = {},
): Promise<string> {
  for (const property of properties) {
    try {
      const { status } = await resultOf(model, platform, property, { ...effort, shrink: false })
      if (status === 'refuted') return property
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error
      return error.message.includes('a race') ? 'race' : 'invariant'
    }
  }
  return 'none'
}
