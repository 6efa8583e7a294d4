/**
 * Σ over blocks of E[f(q, w)·f(k, w)], where both see w through linear forms that
 * span a plane: a two-dimensional integral, in polar coordinates
 *
 *     1/(2π) ∫∫ F(r·cos θ, r·sin θ) dθ·density(r) dr
 *
 * The angle is divided where a form changes its sign, and so along the kinks of
 * relu, abs, elu and of what is made from them. Rules of growing size follow one
 * another until two steps in a row change next to nothing. Where they do not, as at
 * kinks in other places, the larger of the last two steps is the error.
 */
import { outgrows } from './growth.ts'
import type { Coordinates } from './plane.ts'
import type { Program } from './residual.ts'
import { divided, type Interval, type Nodes, nodesOn, type RadialLaw } from './rules.ts'

/** The functions f(q, ·) and f(k, ·) of one block, as programs. */
export interface Block {
  readonly query: Program
  readonly key: Program
}

/** The value of an integral, and how far off it may be. */
export interface Integral {
  readonly value: number
  readonly error: number
  /** √(E[f(q)²]·E[f(k)²]), summed over the blocks: what a value is small beside. */
  readonly magnitude: number
}

const sizes = [1, 2, 3, 5]

/** Shares of ∫|F|: of a step that changes next to nothing, of a piece of the radius, and of what sums lose. */
const settled = 1e-10
const negligible = 1e-15
const rounding = 1e-13

/** Pieces of the radius that are always taken, because a function that is 0 near the origin may grow farther out. */
const core = 3

/** Undefined where the integral does not exist, or is not settled by these rules. */
export function integrate(
  blocks: readonly Block[],
  coordinates: readonly Coordinates[],
  law: RadialLaw,
): Integral | undefined {
  const forms = new Float64Array(coordinates.length)
  const along = coordinates.map(([first]) => first)
  const across = coordinates.map(([, second]) => second)
  const place = (x: number, y: number): Float64Array => {
    for (let n = 0; n < forms.length; n++) forms[n] = (along[n] as number) * x + (across[n] as number) * y
    return forms
  }
  const sides = blocks.flatMap(({ query, key }) => [query, key])
  if (!law.bounded && sides.some((side) => outgrows((x, y) => side(place(x, y))))) return undefined
  const arcs = arcsBetween(coordinates)
  const values: number[] = []
  let found: Integral | undefined
  for (const size of sizes) {
    const rule = polarRule(blocks, place, nodesOn(arcs.flatMap((arc) => divided(arc, size))), law, size)
    if (rule === undefined) return undefined
    const { value, mass, magnitude } = rule
    values.push(value)
    if (values.length < 3) continue
    const [a = 0, b = 0, c = 0] = values.slice(-3)
    const change = Math.max(Math.abs(b - a), Math.abs(c - b))
    found = { value, magnitude, error: change + rounding * mass }
    if (change <= settled * mass) break
  }
  return found
}

/** The circle, cut where a form is 0. */
function arcsBetween(coordinates: readonly Coordinates[]): Interval[] {
  const cuts = coordinates
    .filter(([along, across]) => along !== 0 || across !== 0)
    .map(([along, across]) => (Math.atan2(across, along) + 2.5 * Math.PI) % Math.PI)
    .sort((a, b) => a - b)
    .filter((cut, n, all) => n === 0 || cut - (all[n - 1] ?? 0) > 1e-13)
  const [first = 0] = cuts
  const ends = [...cuts, ...cuts.map((cut) => cut + Math.PI), first + 2 * Math.PI]
  if (cuts.length === 0) return [[0, 2 * Math.PI]]
  return ends.slice(1).map((end, n) => [ends[n] ?? 0, end])
}

interface Rule {
  readonly value: number
  readonly mass: number
  readonly magnitude: number
}

function polarRule(
  blocks: readonly Block[],
  place: (x: number, y: number) => Float64Array,
  angles: Nodes,
  law: RadialLaw,
  size: number,
): Rule | undefined {
  const cosines = angles.at.map(Math.cos)
  const sines = angles.at.map(Math.sin)
  const squares = blocks.map(() => ({ query: 0, key: 0 }))
  let [value, mass] = [0, 0]
  let quiet = false
  for (const [count, piece] of law.pieces.entries()) {
    const radii = nodesOn(divided(piece, size))
    let added = 0
    for (let i = 0; i < radii.at.length; i++) {
      const parameter = radii.at[i] as number
      const radius = law.radius(parameter)
      const weight = ((radii.weights[i] as number) * law.density(parameter)) / (2 * Math.PI)
      for (let j = 0; j < cosines.length; j++) {
        const forms = place(radius * (cosines[j] as number), radius * (sines[j] as number))
        const share = weight * (angles.weights[j] as number)
        for (let n = 0; n < blocks.length; n++) {
          const { query, key } = blocks[n] as Block
          const [left, right] = [query(forms), key(forms)]
          const part = share * left * right
          value += part
          added += Math.abs(part)
          const square = squares[n] as { query: number; key: number }
          square.query += share * left * left
          square.key += share * right * right
        }
      }
    }
    if (!Number.isFinite(added)) return undefined
    mass += added
    quiet = count >= core && added <= negligible * mass
    if (!law.bounded && quiet) break
  }
  if (!law.bounded && !quiet) return undefined
  const magnitude = squares.reduce((sum, { query, key }) => sum + Math.sqrt(query) * Math.sqrt(key), 0)
  return { value, mass, magnitude }
}
