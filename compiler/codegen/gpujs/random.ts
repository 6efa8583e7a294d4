/**
 * `random` of the language in integers that wrap, without the bit operations
 * that gpu.js has for small positive integers alone. The algorithm is that of
 * `runtime/projection/random.ts`; each function adds a line of it. They have no
 * variables, since gpu.js would hold those in floats.
 */
import { helper } from './helpers.ts'
import type { Helper } from './helpers.ts'

const steps: readonly Helper[] = [
  helper('spread', 'where the generator starts from an integer', ['return n * 1664525 + 1013904223;'], {
    parameters: ['n'],
  }),
  helper(
    'nearlyUpper',
    'n / 65536 rounded down, or one more where n has too many digits for a float',
    ['return ~~Math.floor(n / 65536);'],
    { parameters: ['n'] },
  ),
  helper(
    'upper',
    'the upper 16 bits, with the sign',
    ['return nearlyUpper(n) + nearlyUpper(n - nearlyUpper(n) * 65536);'],
    { parameters: ['n'] },
  ),
  helper('lower', 'the lower 16 bits', ['return n - upper(n) * 65536;'], { parameters: ['n'] }),
  helper(
    'mixed',
    'n with its upper 16 bits in the lower ones, one or the other but not both',
    ['return upper(n) * 65536 + (lower(n) ^ lower(upper(n)));'],
    { parameters: ['n'] },
  ),
  helper(
    'fraction',
    'the upper 24 bits, as a number in [0, 1)',
    ['return (lower(upper(n)) * 256 + Math.floor(lower(n) / 256)) / 16777216;'],
    { parameters: ['n'] },
  ),
  helper('drawn', 'the last line', ['return fraction(mixed(a) + mixed(b) * mixed(c));'], {
    parameters: ['a', 'b', 'c'],
  }),
  helper('afterTwo', 'the third line', ['return drawn(a, b, c + a * b);'], { parameters: ['a', 'b', 'c'] }),
  helper('afterOne', 'the second line', ['return afterTwo(a, b + c * a, c);'], {
    parameters: ['a', 'b', 'c'],
  }),
  helper(
    'randomOf',
    'in [0, 1), from three integers: the first word of pcg3d (Jarzynski and Olano, 2020), 24 bits of it',
    ['return afterOne(spread(a) + spread(b) * spread(c), spread(b), spread(c));'],
    { parameters: ['a', 'b', 'c'] },
  ),
]

export const random: Helper = steps.reduce((before, step) => ({ ...step, uses: [before] }))
