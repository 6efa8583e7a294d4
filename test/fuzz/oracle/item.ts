// One head of one batch item, alone: only rows that count, and no padding anywhere.
import type { AttentionModel } from '../../../compiler/semantics/model.ts'
import type { Row } from './functions.ts'
import { multiply, rounded, wide } from './wide.ts'

export type Numbers = readonly number[]

export interface Item {
  readonly model: AttentionModel
  /** Index of the query head. */
  readonly head: number
  /** Rows whose results are asked for; those from `queries` on enter nothing else. */
  readonly q: readonly Numbers[]
  readonly queries: number
  readonly k: readonly Numbers[]
  readonly v: readonly Numbers[]
  readonly projection: readonly Numbers[]
  /** Of this head, by name, as rows. */
  readonly weights: Readonly<Record<string, readonly Numbers[]>>
}

/** One number of the output, and how far from it f32 arithmetic may be. */
export interface Cell {
  readonly value: number
  readonly tolerance: number
}

/** Rows as the attention sees them: multiplied by √scale. */
export function scaled(rows: readonly Numbers[], { scale }: AttentionModel): Row[] {
  return scale === 1
    ? rows.map((row) => row.map((entry) => wide(entry)))
    : rows.map((row) => row.map((entry) => multiply(rounded(Math.sqrt(scale)), wide(entry))))
}

export const plain = (rows: readonly Numbers[]): Row[] => rows.map((row) => row.map((entry) => wide(entry)))
