/** A number to know a projection by; loaded with decoding. */

/** Of the bits: FNV-1a by words, with a shift without which pairs of opposite signs would not show. */
export function fingerprint(projection: Float32Array): number {
  let hash = 0x811c_9dc5
  for (const word of new Uint32Array(projection.buffer, projection.byteOffset, projection.length)) {
    hash = Math.imul(hash ^ word, 0x0100_0193)
    hash ^= hash >>> 15
  }
  return hash >>> 0
}

/** What a saved state says of the projection that its sums go with. */
export const markOf = ({
  projection,
}: {
  readonly projection: Float32Array | undefined
}): { readonly projection?: number } =>
  projection === undefined ? {} : { projection: fingerprint(projection) }
