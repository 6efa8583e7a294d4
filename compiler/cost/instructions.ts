/** Instructions by the unit that takes them. */

/** What one thread computes, apart from its accesses to memory. */
export interface Instructions {
  /** a·b + c of f32. */
  readonly multiplyAdds: number
  /** Other arithmetic of f32: sums, products, comparisons, choices. */
  readonly floats: number
  /** exp2, log2, reciprocals and roots: what a GPU has a unit of its own for. */
  readonly specials: number
  /** Arithmetic of integers: indexes, bounds, counters of loops. */
  readonly integers: number
}

/** Nothing at all. */
export const noInstructions: Instructions = { multiplyAdds: 0, floats: 0, specials: 0, integers: 0 }

/** The sum of instructions, of which the last ones are done `times` over. */
export function plus(
  all: Instructions,
  more: Partial<Instructions>,
  last: Partial<Instructions> = {},
  times = 1,
): Instructions {
  const sum = (name: keyof Instructions): number => all[name] + (more[name] ?? 0) + (last[name] ?? 0) * times
  return {
    multiplyAdds: sum('multiplyAdds'),
    floats: sum('floats'),
    specials: sum('specials'),
    integers: sum('integers'),
  }
}

/** All instructions together. */
export const total = ({ multiplyAdds, floats, specials, integers }: Instructions): number =>
  multiplyAdds + floats + specials + integers
