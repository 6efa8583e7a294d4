/** Arrays that a file has by name, of which only those are read that somebody asks for. */
import { type LoadedTensor, TensorFileError, UnreadableType } from './tensor.ts'

export type Found = ReadonlyMap<string, () => LoadedTensor>

/**
 * @param asked names of which those that are there are read; without it, every array whose type can be read
 * @param passOver hears of every other
 * @throws TensorFileError where one that is asked for is broken, or of a type that cannot be read
 */
export function readAsked(
  found: Found,
  asked?: readonly string[],
  passOver: (name: string) => void = () => {},
): Map<string, LoadedTensor> {
  const arrays = new Map<string, LoadedTensor>()
  for (const [name, read] of found) {
    if (asked?.includes(name) === false) {
      passOver(name)
      continue
    }
    try {
      arrays.set(name, read())
    } catch (error) {
      if (!(error instanceof UnreadableType) || asked !== undefined) throw error
      passOver(name)
    }
  }
  return arrays
}

/** What goes wrong with one of several arrays is told with its name. */
export function naming<Result>(array: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof TensorFileError)) throw error
    const Kind = error instanceof UnreadableType ? UnreadableType : TensorFileError
    throw new Kind(`: the array ${array} ${error.message}`)
  }
}
