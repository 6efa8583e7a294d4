/** Numbers that are a function of their place: cheap, the same everywhere, and random enough for inputs. */

function mix(a: number, b: number): number {
  let state = (Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(b + 0x7f4a7c15, 0xc2b2ae35)) >>> 0
  state = Math.imul(state ^ (state >>> 16), 0x7feb352d) >>> 0
  state = Math.imul(state ^ (state >>> 15), 0x846ca68b) >>> 0
  return (state ^ (state >>> 16)) >>> 0
}

const hash = (places: readonly number[]): number => places.reduce(mix, 0x51ed270b)

/** Uniform in (0, 1). */
export const scattered = (...places: readonly number[]): number => (hash(places) + 0.5) / 2 ** 32

/** Standard normal. */
export function scatteredNormal(...places: readonly number[]): number {
  const first = hash(places)
  const radius = Math.sqrt(-2 * Math.log((first + 0.5) / 2 ** 32))
  return radius * Math.cos((2 * Math.PI * (mix(first, 77) + 0.5)) / 2 ** 32)
}
