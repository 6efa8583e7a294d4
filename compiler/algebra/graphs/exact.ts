/** Attention pair by pair. */
import { attendCall } from './graph.ts'
import type { Graph } from './graph.ts'

/** Queries attending to all keys. */
export const exact: Graph = (_, inputs, kernel) => [attendCall(inputs, kernel, 'attend')]
