/** Options of the plugin for bundlers. */
import { type Target, targets } from '../index.ts'
import { checkOptions, flag, oneOf } from '../options.ts'

export interface PluginOptions {
  /** What kernels are written for, those that other backends need coming apart; the first of `targets` where it is not given. */
  readonly target?: Target
  /** Whether `NAME.d.attn.ts` is written beside each `NAME.attn` that is imported, as it is unless this is false. */
  readonly types?: boolean
}

/** @throws TypeError, RangeError for options that are not what they should be */
export function requireOptions(options: PluginOptions): void {
  checkOptions(options, 'the plugin attnc', { target: oneOf(targets), types: flag })
}
