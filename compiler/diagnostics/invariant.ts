/** A broken promise between two stages: the compiler's defect, never the user's. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

export function invariant(condition: unknown, promise: string): asserts condition {
  if (!condition)
    throw new InvariantError(`attnc is wrong about itself: ${promise}. Please report this with the file.`)
}
