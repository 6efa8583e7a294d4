/**
 * Equations: the mathematics of a pass, independent of threads and of the device.
 *
 * An equation defines each number of one buffer. The numbers are the
 * cells of a box of `extent`; cell (x, y, z) is entry (z·height + y)·width + x, and
 * its value is a formula over `x`, `y`, `z` and over buffers that are only read. From the
 * formula follow the float64 meaning of the pass (`equation/evaluate.ts`), its
 * text (`equation/print.ts`), its cost, its buffers, and a kernel that computes one cell
 * at a time (`kernel/cells/`). A target's planner replaces a formula that would be
 * too slow so by a template, and check-passes holds the template to it.
 *
 * **Formulas** are typed: f32 for numbers, u32 for indexes, bool for conditions.
 * They are graphs: a formula that is met twice is one formula, and one with a name
 * is computed once, outside of the loops that it does not depend on.
 *
 * Names of indexes may be floats on a device without integers: name rows and heads,
 * and leave products with widths inside the loads.
 *
 * **Loops** run an index from 0 to a count and accumulate one or more terms, each
 * a sum or a maximum; several terms of one loop share its passage. A maximum of
 * nothing is `lowest`, a sum of nothing 0.
 *
 * **Choices** evaluate one branch only, so that a load of f32 in it may rely on the
 * condition. Named indexes are evaluated outside of it.
 *
 * **Terms** are expressions of the language in component form, with their rows
 * bound to places in buffers.
 */
import type { Expression } from '../symbolic/expression.ts'
import type { PassBase } from './operands.ts'
import type { Size } from '../../runtime/contract/size.ts'

/** A pass that is computed cell by cell, as its equation says. */
export interface EquationPass extends PassBase {
  readonly kind: 'equation'
  /** Width, height and depth of the box; x runs fastest in the buffer. */
  readonly extent: Extent
  readonly value: Formula
  /** The buffer that is written: whole, in the order of the cells, but for `place`. */
  readonly out: string
  /** The entry that a cell is written to, on targets whose kernels scatter. */
  readonly place?: Formula
  /** Columns and rows of the block of cells that a thread computes, where it computes more than one. */
  readonly blocks?: CellsOfThread
  /** The buffer's meaning, for the reader. */
  readonly what: string
}

/** Neighbouring cells. */
export interface CellsOfThread {
  readonly columns: number
  readonly rows: number
}

/** Sizes of a box of cells along x, y and z. */
export type Extent = readonly [Size, Size, Size]

/** The types of formulas. */
export type FormulaType = 'f32' | 'u32' | 'bool'

/**
 * A node of a formula: a constant, an index, a size, a load, an operation, a choice, a name, the result of a loop, or
 * an expression of the language.
 */
export type Formula =
  | NumberFormula
  | IndexFormula
  | { readonly kind: 'size'; readonly type: 'u32'; readonly size: Size }
  /** How many numbers a buffer has. */
  | { readonly kind: 'bufferLength'; readonly type: 'u32'; readonly buffer: string }
  | { readonly kind: 'load'; readonly type: 'f32' | 'u32'; readonly buffer: string; readonly index: Formula }
  | ApplyFormula
  | { readonly kind: 'convert'; readonly type: 'f32' | 'u32'; readonly value: Formula }
  | ChooseFormula
  | NamedFormula
  | { readonly kind: 'accumulated'; readonly type: 'f32'; readonly loop: Loop; readonly which: number }
  | { readonly kind: 'term'; readonly type: 'f32'; readonly terms: Terms; readonly which: number }
  /** A condition of the language on integers, as of a mask. */
  | {
      readonly kind: 'condition'
      readonly type: 'bool'
      readonly condition: Expression
      /** u32, by name. */
      readonly names: Readonly<Record<string, Formula>>
    }

/** A constant. */
export interface NumberFormula {
  readonly kind: 'number'
  readonly type: 'f32' | 'u32'
  readonly value: number
}

/** A coordinate of the cell, or the index of a loop; two loops have two, also of one name. */
export interface IndexFormula {
  readonly kind: 'index'
  readonly type: 'u32'
  readonly name: string
}

/** Operators between formulas: those of IEEE floats and of unsigned integers. */
export type FormulaOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '<'
  | '<='
  | '>'
  | '>='
  | '=='
  | '!='
  | '&&'
  | 'min'
  | 'max'
  | 'exp'
  | 'exp2'
  | 'abs'
  | 'select'

/** An operator on operands of one type; `select` takes a condition, and evaluates both branches. */
export interface ApplyFormula {
  readonly kind: 'apply'
  readonly type: FormulaType
  readonly operator: FormulaOperator
  readonly operands: readonly Formula[]
}

/** One of two formulas; only that one is evaluated. */
export interface ChooseFormula {
  readonly kind: 'choose'
  readonly type: 'f32'
  readonly condition: Formula
  readonly yes: Formula
  readonly no: Formula
}

/** A formula that is computed once, under a name. */
export interface NamedFormula {
  readonly kind: 'named'
  readonly type: FormulaType
  readonly name: string
  readonly value: Formula
}

/** Sums and maxima over one index. */
export interface Loop {
  readonly index: IndexFormula
  readonly count: Formula
  /** Only indexes for which it holds take part. */
  readonly where?: Formula
  readonly terms: readonly Accumulation[]
}

/** One sum or maximum of a loop. */
export interface Accumulation {
  readonly name: string
  readonly operator: 'sum' | 'maximum'
  readonly value: Formula
}

/** Expressions of the language, evaluated together. */
export interface Terms {
  readonly expressions: readonly Expression[]
  /** Where the rows lie that the expressions see: the index of their first entry. */
  readonly rows: Readonly<Record<string, { readonly buffer: string; readonly start: Formula }>>
  /** f32, by name. */
  readonly scalars: Readonly<Record<string, Formula>>
  /** u32, by name: `component`, the index of an entry within a vector-valued block, or `entry`, of a derivative. */
  readonly indexes?: Readonly<Record<string, Formula>>
}

export { lowest } from '../symbolic/single.ts'
