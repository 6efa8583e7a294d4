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
import { dim, scale, valueDim } from './sizes.ts'

const byName: { readonly [Name in SettingName]: SettingRecord<Name> } = {
  dim,
  value_dim: valueDim,
  scale,
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
  normalize,
  epsilon,
  stabilize,
}

/** The records in order. */
export const settingRecords: readonly SettingRecord[] = Object.values(byName)

/** Their names, in the same order. */
export const settingNames: readonly SettingName[] = settingRecords.map(({ name }) => name)
