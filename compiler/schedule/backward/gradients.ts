/** The gradients of query and key rows, from the cotangents of their features. */
import { keyRows, queryRows } from '../buffers.ts'
import { choose, lt, size, x, y, z } from '../equation/build.ts'
import { entryOf, headAt } from '../equation/heads.ts'
import { equationPass } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import type { Parts } from '../cells/factorised.ts'
import { keyHeadAt, keyHeads, overGroups } from './cotangents.ts'
import { knownOf } from '../cells/plan.ts'
import { pull } from './pull.ts'

/** Writes `dq` and `dk`. Key rows past an item's last one have none. */
export function gradientsOf({ plan, query, key, hasMaxima: maxima }: Parts): Plan {
  const { attention, heads } = plan
  const { dim } = attention
  const queries = pull(plan, query, 'queryCotangents', maxima)
  const keys = pull(plan, key, 'keyCotangents', maxima)
  const [length, keyLength] = [size('length'), size('keyLength')]
  const ofQuery = headAt(plan.groups, 'sliceQueryHead', z, knownOf(plan))
  const ofKey = keyHeadAt(plan, z)
  const queryRow = {
    row: { side: 'query', head: ofQuery, row: y, dim, maxima },
    at: z,
    rows: length,
  } as const
  const keyRow = (group: Formula) =>
    ({
      row: { side: 'key', head: { ...ofKey, sliceGroup: group }, row: y, dim, maxima },
      at: group,
      rows: keyLength,
    }) as const
  return {
    passes: [
      ...queries.passes,
      ...keys.passes,
      equationPass({
        name: 'query_gradient',
        extent: [dim, 'length', heads],
        value: queries.entry(queryRow, x),
        out: 'dq',
        place: entryOf(queryRows, ofQuery, y, dim, x),
        what: 'the gradient of each query row, from that of its features',
      }),
      equationPass({
        name: 'key_gradient',
        extent: [dim, 'keyLength', keyHeads(plan)],
        value: choose(
          lt(y, ofKey.visible),
          overGroups(plan, z, (group) => keys.entry(keyRow(group), x)),
          0,
        ),
        out: 'dk',
        place: entryOf(keyRows, ofKey, y, dim, x),
        what: 'the gradient of each key row, from that of its features',
      }),
    ],
    buffers: [...queries.buffers, ...keys.buffers],
  }
}
