/**
 * What a planner of workgroups may choose, and `attnc tune` by the clock of a device. Each option lists its values, of
 * which the first is what the model of devices says.
 */
export const options = {
  /** Tiles of exact attention to many rows: of 64 queries by 128 keys, or of 32 by 32. */
  attentionTile: ['large', 'small'],
  /** Keys of a part, where few queries attend to all keys of a sequence. */
  keysOfPart: [256, 128, 512],
  /** Chunks of causal factorised attention: long ones move fewer states, short ones give few heads more workgroups. */
  chunk: ['long', 'short'],
  /** Key rows that one workgroup sums where nothing needs the states in between. */
  summedRows: [256, 128, 512],
} as const

/** The name of an option. */
export type OptionName = keyof typeof options
/** A value for every option. */
export type Choices = { readonly [Name in OptionName]: (typeof options)[Name][number] }

/** The names of all options, in the order in which they are tuned. */
export const optionNames = Object.keys(options) as readonly OptionName[]

/** What the model says. */
export const modelChoices: Choices = {
  attentionTile: options.attentionTile[0],
  keysOfPart: options.keysOfPart[0],
  chunk: options.chunk[0],
  summedRows: options.summedRows[0],
}

/** Whether a value holds one of the values of each option, and nothing else. */
export function areChoices(value: unknown): value is Choices {
  if (typeof value !== 'object' || value === null) return false
  const known: Readonly<Record<string, readonly unknown[]>> = options
  return (
    Object.keys(value).length === optionNames.length &&
    Object.entries(value).every(([name, one]) => Object.hasOwn(known, name) && known[name]?.includes(one))
  )
}
