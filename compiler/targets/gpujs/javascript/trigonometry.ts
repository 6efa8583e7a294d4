/**
 * sin and cos to 3e-7 absolute for |x| ≤ 1e5: devices were seen 1e-4 off within
 * a quarter turn. As in `targets/elementary/trigonometry.ts`.
 */
import { cosineTail, polynomial, quarterTurn, sineTail } from '../../elementary/polynomials.ts'
import { helper } from './helpers.ts'
import type { Helper } from './helpers.ts'

const [first, ...others] = quarterTurn

const sineAhead: Helper = helper(
  'sineAhead',
  'sin(x + ahead π/2): x is brought within π/4 of a quarter turn, where sin and cos are polynomials',
  [
    'const quarters = Math.floor(x * 0.63661975 + 0.5);',
    `const rest = quarters * -${first} + x${others.map((part) => ` - quarters * ${part}`).join('')};`,
    'const square = rest * rest;',
    'const quadrant = quarters + ahead - 4 * Math.floor((quarters + ahead) / 4);',
    `const sine = rest + rest * square * (${polynomial('square', sineTail)});`,
    `const fall = square * (${polynomial('square', cosineTail)});`,
    'const cosine = -0.5 * square + square * fall + 1;',
    'if (quadrant < 0.5) {',
    '  return Math.max(-1, Math.min(sine, 1));',
    '}',
    'if (quadrant < 1.5) {',
    '  return Math.max(-1, Math.min(cosine, 1));',
    '}',
    'if (quadrant < 2.5) {',
    '  return Math.max(-1, Math.min(-sine, 1));',
    '}',
    'return Math.max(-1, Math.min(-cosine, 1));',
  ],
  { parameters: ['x', 'ahead'] },
)

/** The sine. */
export const sine: Helper = helper('sine', 'sin x', ['return sineAhead(x, 0);'], { uses: [sineAhead] })
/** The cosine: the sine, a quarter of a turn ahead. */
export const cosine: Helper = helper('cosine', 'cos x', ['return sineAhead(x, 1);'], { uses: [sineAhead] })
