// What the language says that one head of one batch item gives, pair by pair in float64.
// It shares no line with the compiler's own reference, which is among what it judges.
import { bucketedRows } from './buckets.ts'
import type { Cell, Item } from './item.ts'
import { landmarkRows } from './landmarks.ts'
import { everyPair } from './pairs.ts'
import { pooledRows } from './pooled.ts'

export function expectedRows(item: Item): Cell[][] {
  const { evaluation } = item.model
  switch (evaluation) {
    case 'exact':
    case 'factorised':
      return everyPair(item)
    case 'landmarks':
      return landmarkRows(item)
    case 'compressed':
      return pooledRows(item)
    case 'bucketed':
      return bucketedRows(item)
  }
}
