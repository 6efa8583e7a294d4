/** The settings of an attention by name: each known, and each once. */
import { messages } from '../diagnostics/messages.ts'
import { nearest } from '../diagnostics/nearest.ts'
import type { AttentionDeclaration, Setting } from '../syntax/ast.ts'
import type { Report } from './report.ts'
import { settingNames } from './settings/index.ts'
import type { SettingName, Settings } from './settings/setting.ts'
import { isBroken } from './settings/value.ts'

/** A misspelt setting stands for the one that was probably meant, if that is not there itself. */
export function collectSettings({ settings }: AttentionDeclaration, report: Report): Settings {
  const found = new Map<SettingName, Setting>()
  const meant = new Map<SettingName, Setting>()
  for (const setting of settings) {
    const { text, span } = setting.key
    const name = settingNames.find((known) => known === text)
    if (name === undefined) {
      // What stands before a syntax error need not have been meant as a setting.
      const near = nearest(text, settingNames)
      if (!isBroken(setting)) report(messages.unknownSetting(span, text, near, settingNames))
      if (near !== undefined) meant.set(near, setting)
    } else if (found.has(name)) report(messages.duplicateSetting(span, text))
    else found.set(name, setting)
  }
  // What is misspelt is there all the same, and its value is read.
  return new Map([...meant, ...found])
}
