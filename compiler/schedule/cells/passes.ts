/**
 * Passes for devices that have neither workgroup memory nor scatter: each writes
 * one buffer wholly, and every number of it is computed on its own, from
 * buffers that are only read.
 *
 * Since nothing is shared between cells, what several of them need is a pass of
 * its own before them. Exponentials are natural ones here: a device without
 * WebGPU promises no power of two.
 *
 * In layouts `columns` are those of the values and, last, the sum of weights:
 * numerators and denominators of a state are summed alike.
 */
import type { Mask } from '../../algebra/attention.ts'
import type { Only, Over, Rows } from '../row-passes.ts'
import type { Features, PassBase, Scaling, Size, Term } from '../schedule.ts'

export interface CellPass extends PassBase {
  readonly kind: 'cells'
  /** Width, height and depth of the box of cells: x runs fastest in what is written. */
  readonly extent: readonly [Size, Size, Size]
  /** The heads that the cells of different depth belong to. */
  readonly over: Over
  readonly work: CellWork
  /** What is written, for the reader. */
  readonly what: string
  /** Operations of a whole call. */
  readonly flops: Size
}

export type CellWork =
  | FeatureCells
  | RowMaximumCells
  | HeadMaximumCells
  | ChunkCells
  | FoldCells
  | AbsorbCells
  | RowScaleCells
  | QueryWeightCells
  | NearWeightCells
  | ReadCells
  | PairCells
  | PairScaleCells
  | PairWeightCells
  | RowFactorCells
  | AverageCells
  | QuotientCells
  | AppendCells
  | MeanCells
  | NormCells
  | TransposeCells
  | ProductCells
  | FewRowsCells

/** One part of φ of each row: [features, rows, heads]. */
export interface FeatureCells {
  readonly kind: 'features'
  readonly part: 'value' | 'exponent' | 'coefficient'
  readonly features: Features
}

/** The largest of the blocks' values over all components: [rows, heads]. */
export interface RowMaximumCells {
  readonly kind: 'row-maxima'
  readonly features: Features
}

/** The largest of each head's visible rows: [groups]. */
export interface HeadMaximumCells {
  readonly kind: 'head-maximum'
}

/** The state of each chunk of key rows by itself: its scales [features, chunks, groups] or its sums. */
export interface ChunkCells {
  readonly kind: 'chunk'
  readonly quantity: 'scales' | 'sums'
  readonly scaling: Scaling
  readonly coefficients: boolean
  readonly decays: boolean
}

/** States of stretches of chunks put together, from those of blocks and of chunks. */
export interface FoldCells {
  readonly kind: 'fold'
  readonly quantity: 'scales' | 'sums'
  /** Of each block's chunks; of all before each chunk; of all blocks. */
  readonly result: 'block' | 'before' | 'total'
  readonly scaling: Scaling
  readonly decays: boolean
  /** Chunks of a block. */
  readonly block: number
}

/** One more token in the carried state. */
export interface AbsorbCells {
  readonly kind: 'absorb'
  readonly quantity: 'raised-scales' | 'scales' | 'sums'
  readonly scaling: Scaling
  readonly coefficients: boolean
  readonly decays: boolean
}

/** Each query row's scale: the largest exponent among what it sees. [rows, heads] */
export interface RowScaleCells {
  readonly kind: 'row-scales'
  /** Whether it also sees the rows of its chunk up to its own. */
  readonly near: boolean
  readonly scales: string
  readonly decays: boolean
}

/** What each component of a query row's φ weighs in the state that the row reads. */
export interface QueryWeightCells {
  readonly kind: 'query-weights'
  readonly scaling: Scaling
  readonly coefficients: boolean
  /** Whether there is a state for each chunk. */
  readonly chunked: boolean
  readonly scales: string
  readonly decays: boolean
}

/** The weights of each row's pairs inside its chunk: [rows of a chunk, rows, heads]. */
export interface NearWeightCells {
  readonly kind: 'near-weights'
  readonly scaling: Scaling
  readonly queryCoefficients: boolean
  readonly keyCoefficients: boolean
  readonly decays: boolean
}

/** φ(q)·S and the pairs inside the chunk: what each row is divided by, or the quotients. */
export interface ReadCells {
  readonly kind: 'read'
  readonly result: 'factors' | 'rows'
  readonly weights: string
  readonly sums: string
  readonly chunked: boolean
  readonly near: boolean
  readonly scaling: Scaling
  readonly normalize: 'sum' | 'none'
  readonly epsilon: number
}

/** κ of each pair, or its exponent: [keys, rows, heads]. Pairs that the mask hides have none. */
export interface PairCells {
  readonly kind: 'pairs'
  readonly kernel: Term
  readonly mask: Mask
  readonly queries: Rows
  readonly keys: Rows
}

/** The largest exponent of each row: [rows, heads]. */
export interface PairScaleCells {
  readonly kind: 'pair-scales'
  readonly exponents: string
  readonly mask: Mask
  readonly queries: Rows
  readonly keys: Rows
}

/** coefficient · exp(exponent − the row's scale). */
export interface PairWeightCells {
  readonly kind: 'pair-weights'
  readonly kernel: Extract<Term, { kind: 'scaled' }>
  readonly exponents: string
  readonly scales: string
  readonly queries: Rows
  readonly keys: Rows
}

/** What a row's sum is multiplied by: [rows, heads]. */
export interface RowFactorCells {
  readonly kind: 'row-factors'
  readonly weights: string
  readonly scales?: string
  readonly mask: Mask
  readonly queries: Rows
  readonly keys: Rows
  readonly normalize: 'sum' | 'none'
  readonly epsilon: number
}

/** Σ_j weight_ij value_j, times the row's factor where there is one. */
export interface AverageCells {
  readonly kind: 'average'
  readonly weights: string
  readonly factors?: string
  readonly mask: Mask
  readonly queries: Rows
  readonly keys: Rows
  readonly values: Rows
  readonly columns: number
  readonly convolution?: CellConvolution
}

/** The weights themselves, over their sum. */
export interface QuotientCells {
  readonly kind: 'quotients'
  readonly weights: string
  readonly factors: string
  readonly queries: Rows
  readonly keys: Rows
}

/** Σ_t filter[t] · values[i + t − (width − 1) / 2], zeros beyond both ends, added to the quotients. */
export interface CellConvolution {
  /** [H, width] */
  readonly filter: string
  /** Odd. */
  readonly width: number
  readonly values: Rows
}

/** A cache with the new rows behind those that are there: [width, capacity, heads]. */
export interface AppendCells {
  readonly kind: 'append'
  readonly from: string
  readonly cache: string
  readonly width: number
}

/** Means of consecutive segments of rows, as in `MeansPass`: [dim, segments, heads]. */
export interface MeanCells {
  readonly kind: 'means'
  readonly rows: Rows
  readonly segments: number
}

/** 1 / (‖A‖₁ ‖A‖∞) of each head's square matrix, 0 for a matrix of zeros. */
export interface NormCells {
  readonly kind: 'norms'
  readonly matrix: Rows & { readonly count: number }
}

/** Each head's transpose times its number. */
export interface TransposeCells {
  readonly kind: 'transpose'
  readonly matrix: Rows & { readonly count: number }
  readonly factors: string
}

/** factor · left · right, or factor · left · (diagonal·I − right), as in `ProductPass`. */
export interface ProductCells {
  readonly kind: 'product'
  readonly left: Rows & { readonly count: number }
  readonly right: Rows
  readonly columns: number
  readonly diagonal?: number
  readonly factor: number
}

/** The exact quotients of batch items with few rows; those at hand for the others. */
export interface FewRowsCells {
  readonly kind: 'few-rows'
  readonly only: Only
  readonly kernel: Term
  readonly mask: Mask
  readonly otherwise: string
  readonly convolution?: CellConvolution
}
