/** What is wrong with a program that is none, or one of another version. */
import { AttentionError } from '../errors.ts'
import { describe } from './describe.ts'

export function noProgram(given: unknown): Error {
  if (typeof given !== 'object' || given === null || !('format' in given))
    return new TypeError(
      `createAttention takes the program that a compiled module exports; it was given ${describe(given)}.`,
    )
  return new AttentionError(
    'program',
    `This module is in format ${String(given.format)} and its runtime reads format 1. Compile it again.`,
  )
}
