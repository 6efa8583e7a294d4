/**
 * sin and cos to 3e-7 absolute for |x| ≤ 1e5. The devices' own are promised to
 * 2^−11 within one turn, and nothing beyond.
 */

import { helper } from './helper.ts'
import type { Helper, Lanes } from './helper.ts'
import { cosineTail, polynomial, quarterTurn, sineTail } from './polynomials.ts'

const sineAhead = (lanes: Lanes): Helper => {
  const { signed, f, i } = lanes
  const rest = quarterTurn.reduce<string>((left, part) => `(${left} - quarters * ${part})`, 'x').slice(1, -1)
  return helper(
    'sine_ahead',
    lanes,
    'sin(x + ahead·π/2): x is brought within π/4 of a quarter turn, where sin and cos are polynomials',
    [
      'let quarters = round(x * 0.63661975);',
      `let rest = ${rest};`,
      'let square = rest * rest;',
      `let sine = rest + rest * square * (${polynomial('square', sineTail)});`,
      `let fall = square * (${polynomial('square', cosineTail)});`,
      'let cosine = 1.0 - square * (0.5 - fall);',
      `let quadrant = ${signed}(quarters) + ahead;`,
      `let value = select(sine, cosine, (quadrant & ${i('1')}) == ${i('1')});`,
      `let turned = select(value, -value, (quadrant & ${i('2')}) == ${i('2')});`,
      `return clamp(turned, ${f('-1.0')}, ${f('1.0')});`,
    ],
    { parameters: ['x', 'ahead: i32'] },
  )
}

const ahead = (name: 'sin' | 'cos', quarters: number, lanes: Lanes): Helper => {
  const inner = sineAhead(lanes)
  return helper(name, lanes, `${name} x`, [`return ${inner.name}(x, ${quarters});`], { uses: [inner] })
}

/** The sine. */
export const sin = (lanes: Lanes): Helper => ahead('sin', 0, lanes)
/** The cosine: the sine, a quarter of a turn ahead. */
export const cos = (lanes: Lanes): Helper => ahead('cos', 1, lanes)
