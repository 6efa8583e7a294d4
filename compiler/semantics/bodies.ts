/** The expressions of an attention, as the records of its settings contribute them. */
import type { AttentionModel } from './model.ts'
import { settingRecords } from './settings/index.ts'
import type { Body } from './settings/setting.ts'

/** All of them, in the order of the settings. */
export const bodiesOf = (model: AttentionModel): readonly Body[] =>
  settingRecords.flatMap(({ bodies }) => bodies?.(model) ?? [])
