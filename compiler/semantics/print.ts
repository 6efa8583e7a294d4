/**
 * A checked attention as text: what `attnc explain` shows and what golden files
 * hold. Every setting is there, given or by default, with constants as numbers.
 */
import type { AttentionModel } from './model.ts'
import { settingRecords } from './settings/index.ts'

/** One line for each setting that the attention has, in the order of the list. */
export function printAttention(model: AttentionModel): string {
  const lines = settingRecords.flatMap(({ name, print, printParts }) => {
    const value = print(model)
    return value === undefined ? [] : [[name, value] as const, ...(printParts?.(model) ?? [])]
  })
  const width = Math.max(...lines.map(([label]) => label.length)) + 2
  const body = lines.map(([label, value]) => `  ${label.padEnd(width)}${value}\n`)
  return `attention ${model.name}, ${model.evaluation}\n${body.join('')}`
}
