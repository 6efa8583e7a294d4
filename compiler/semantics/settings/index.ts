/** The settings of an attention, in the order in which they are named and printed. */
import { buckets } from './buckets.ts'
import { compress } from './compress.ts'
import { decay } from './decay.ts'
import { feature } from './feature.ts'
import { kernel } from './kernel.ts'
import { conv, landmarks, pinv } from './landmarks.ts'
import { mask } from './mask.ts'
import { epsilon, normalize, stabilize } from './normalization.ts'
import { projections } from './projections.ts'
import type { SettingName, SettingRecord } from './setting.ts'
import { output } from './output.ts'
import { shortConv } from './prepare.ts'
import { sink } from './sink.ts'
import { dim, scale, valueDim } from './sizes.ts'
import { inputs, weights } from './tensors.ts'
import { update } from './update.ts'

const byName: { readonly [Name in SettingName]: SettingRecord<Name> } = {
  dim,
  value_dim: valueDim,
  scale,
  inputs,
  weights,
  short_conv: shortConv,
  kernel,
  feature,
  projections,
  landmarks,
  pinv,
  conv,
  compress,
  buckets,
  mask,
  decay,
  update,
  sink,
  normalize,
  epsilon,
  stabilize,
  output,
}

/** The records in order. */
export const settingRecords: readonly SettingRecord[] = Object.values(byName)

/** Their names, in the same order. */
export const settingNames: readonly SettingName[] = settingRecords.map(({ name }) => name)
