/**
 * Arrays as files hold them, and what the rest of the command line sees:
 * row-major f32 with a shape. Everything that was changed on the way in is
 * noted, so that nobody compares a converted array without knowing.
 */

export interface Tensor {
  readonly shape: readonly number[]
  /** Row-major (C order). */
  readonly data: Float32Array
}

export interface LoadedTensor extends Tensor {
  /** How the file spells the type of an entry, such as `<f8` or `BF16`. */
  readonly element: string
  /** Integers are welcome as lengths and a mistake as rows. */
  readonly integer: boolean
  /** What reading changed, for people: `converted from float64`. */
  readonly notes: readonly string[]
}

/** A file that is not what it should be. The message stands alone; the caller adds the path. */
export class TensorFileError extends Error {
  override readonly name = 'TensorFileError'
}

/** Nothing is wrong with the file, but its entries are none that can be rows or lengths. */
export class UnreadableType extends TensorFileError {}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1)
}

/** `[2, 8, 1024, 64]` */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}
