/** Weights that κ reads by an index of the pair: a vector for all pairs of a head. */
import type { OnlinePass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'
import { headsPerGroup, owner } from './frame.ts'
import type { Frame } from './frame.ts'
import type { Row } from './pairs.ts'

/**
 * The tables of a pass by their names.
 *
 * @param rowAt the query row in a lane; where query heads are the rows of a tile, it says whose the pair is
 */
export const tableRows = (
  pass: OnlinePass,
  binding: Frame['binding'],
  rowAt: (lane: number) => Value,
): Readonly<Record<string, Row>> => namedTables(pass.tables, pass, binding, rowAt)

/** The same of any tables. */
export const namedTables = (
  tables: OnlinePass['tables'],
  { queries }: Pick<OnlinePass, 'queries'>,
  binding: Frame['binding'],
  rowAt: (lane: number) => Value,
): Readonly<Record<string, Row>> =>
  Object.fromEntries(
    tables.map(({ name, buffer, heads, size }) => {
      const apart = queries.count === 'heads'
      const queryHead = (lane: number): Value =>
        apart ? ir.add(ir.mul(owner.keyGroup, headsPerGroup), rowAt(lane)) : owner.queryHead
      const head = (lane: number): Value =>
        heads === 1
          ? ir.u32(0)
          : ir.mod(heads === 'heads' ? queryHead(lane) : owner.keyGroup, ir.shape(heads))
      const load = (lane: number, index: Value): Value =>
        ir.load(binding(buffer), ir.add(ir.mul(head(lane), size), index))
      return [name, { extent: apart && heads === 'heads' ? 'lanes' : 'all', load }]
    }),
  )
