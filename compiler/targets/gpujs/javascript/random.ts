/**
 * `random` of the language in integers that wrap, without the bit operations
 * that gpu.js has for small positive integers alone. The algorithm is that of
 * `runtime/projection/random.ts`; each function adds a line of it. They have no
 * variables, since gpu.js would hold those in floats.
 */
import { helper } from './helpers.ts'
import type { Helper } from './helpers.ts'

const step = (name: string, comment: string, value: string, ...parameters: readonly string[]): Helper =>
  helper(name, comment, [`return ${value};`], { parameters })

/**
 * n / 65536 rounded down. As a float n may be rounded up, to a quotient that is one more; the rest is then
 * negative and takes it back.
 */
const upper = '~~Math.floor(n / 65536) + ~~Math.floor((n - ~~Math.floor(n / 65536) * 65536) / 65536)'

// What several functions call calls none itself: gpu.js would write it behind what it calls.
const steps: readonly Helper[] = [
  step('spread', 'where the generator starts from an integer', 'n * 1664525 + 1013904223', 'n'),
  step('upper', 'the upper 16 bits, with the sign', upper, 'n'),
  step('lower', 'the lower 16 bits', `n - (${upper}) * 65536`, 'n'),
  step(
    'mixed',
    'n, its lower 16 bits changed where the upper ones are set',
    'upper(n) * 65536 + (lower(n) ^ lower(upper(n)))',
    'n',
  ),
  step(
    'fraction',
    'the upper 24 bits, as a number in [0, 1)',
    '(lower(upper(n)) * 256 + Math.floor(lower(n) / 256)) / 16777216',
    'n',
  ),
  step('drawn', 'the last line', 'fraction(mixed(a) + mixed(b) * mixed(c))', 'a', 'b', 'c'),
  step('afterTwo', 'the third line', 'drawn(a, b, c + a * b)', 'a', 'b', 'c'),
  step('afterOne', 'the second line', 'afterTwo(a, b + c * a, c)', 'a', 'b', 'c'),
  step(
    'randomOf',
    'in [0, 1), from three integers: the first word of pcg3d (Jarzynski and Olano, 2020), 24 bits of it',
    'afterOne(spread(a) + spread(b) * spread(c), spread(b), spread(c))',
    'a',
    'b',
    'c',
  ),
]

/** The number of three integers: the last of the steps, each of which calls the one before. */
export const random: Helper = steps.reduce((before, one) => ({ ...one, uses: [before] }))
