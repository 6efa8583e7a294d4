/** Options that several commands have, and the reading of their values. */
import { InvalidArgumentError, Option } from 'commander'

export const jsonOption = (): Option => new Option('--json', 'print one JSON document and nothing else')
export const onlyOption = (): Option => textOption('--only <name>', 'this attention alone')

/** An option that takes a name or a path. An empty one is what a shell leaves of a variable that is not set. */
export const textOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text: string) => {
    if (text === '') throw new InvalidArgumentError('It is empty.')
    return text
  })

/** A parser of whole numbers from `least`; commander says which option was wrong. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Expected a whole number from ${least}.`)
    }
    return value
  }
}

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('Expected a number above 0.')
  }
  return value
}

export const positiveNumbers = (text: string): readonly number[] => text.split(',').map(positiveNumber)
