/** What the rules of one attention share. */
import type { Setting } from '../../syntax/ast.ts'
import type { Feature } from '../feature.ts'
import type { Report } from '../report.ts'
import type { Sizes } from '../scope.ts'
import { isBroken } from '../settings.ts'
import type { SettingName, Settings } from '../settings.ts'

export interface Context {
  readonly settings: Settings
  /** Stand-ins where the file does not say them rightly. */
  readonly sizes: Sizes
  readonly features: ReadonlyMap<string, Feature>
  readonly report: Report
}

/** The setting, if it is there and can be read. */
export function readable({ settings }: Pick<Context, 'settings'>, name: SettingName): Setting | undefined {
  const setting = settings.get(name)
  return setting === undefined || isBroken(setting) ? undefined : setting
}
