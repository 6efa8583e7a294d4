/**
 * The kernel IR: what one dispatch does, said in loops, tiles and memories and
 * independent of the language it will be spelt in.
 *
 * **Execution.** A kernel is run by workgroups of `workgroupSize` threads in one
 * dimension. `thread` is the thread's index in its workgroup. `workgroup` is
 * the workgroup's linear index; the dispatch may be folded into two dimensions
 * and rounded up, so the printer guards the body with `workgroup < count`,
 * where `count` is the kernel's own expression of the shape.
 *
 * **Memories.** Storage buffers (bindings) outlive the dispatch; `shared`
 * arrays live as long as the workgroup; names belong to a thread.
 * A store to shared memory is seen by the other threads after a `barrier`.
 * Shared memory starts undefined: the interpreter poisons it.
 *
 * **Control.** Barriers stand only where control is uniform: under `for` and
 * `if` whose bounds and conditions are built from constants, sizes of calls and buffers,
 * `workgroup`, uniform names and loads from buffers that are only read, at
 * uniform indexes (`verify.ts` proves it).
 *
 * **Fours.** A kernel of one thread reads and writes four consecutive numbers at
 * once: a `vec4f` from or to a buffer or shared array of f32, at the index of the
 * first, which need not be a multiple of 4. All four lie within. The languages of
 * GPUs have no such access. Kernels of more threads bind a buffer as `vec4f`, of
 * which an index counts fours, and may read single numbers of it as well: the index
 * of an `f32` counts numbers. Such a buffer holds a multiple of 4 numbers.
 *
 * **Numbers.** f32 arithmetic may be reassociated by nobody. There is no
 * infinity and no NaN in a kernel: `lowest` is the finite −1e30 and stands for
 * "nothing yet" in running maxima.
 *
 * Types are checked by `verify.ts`: both sides of a binary operator have equal
 * types (vec4f with f32 is not mixed; use `splat`), indexes are u32.
 */

import type { CallField } from '../../runtime/contract/shape.ts'

/** Types of a single number; `bool` stands in names and conditions, never in memory. */
export type ScalarType = 'f32' | 'i32' | 'u32' | 'bool'
/** Types of a value: a scalar, or four f32 lanes. */
export type ValueType = ScalarType | 'vec4f'

/** One dispatch: its workgroups, the memory that it uses, and the statements that every thread runs. */
export interface Kernel {
  /** A WGSL identifier, such as `performer_reduce`. */
  readonly name: string
  /** What the dispatch computes, for the reader of the printed kernel. */
  readonly summary: string
  readonly workgroupSize: number
  /** How many workgroups do work: u32, in constants and shape fields. */
  readonly count: Value
  readonly bindings: readonly Binding[]
  readonly shared: readonly SharedArray[]
  readonly body: readonly Statement[]
}

/** Storage buffers, bound in this order after the shape uniform (binding 0). */
export interface Binding {
  readonly name: string
  readonly element: 'f32' | 'u32' | 'vec4f'
  readonly access: 'read' | 'read_write'
}

/** Memory of one workgroup, `length` elements long; a vec4f element takes 16 bytes, the others 4. */
export interface SharedArray {
  readonly name: string
  readonly element: 'f32' | 'u32' | 'vec4f'
  readonly length: number
}

/** An expression without effects; its type follows from `typeOf`. */
export type Value =
  | { readonly kind: 'number'; readonly type: ScalarType; readonly value: number }
  /** A let, var or loop index in scope. */
  | { readonly kind: 'name'; readonly type: ValueType; readonly name: string }
  | { readonly kind: 'thread' }
  | { readonly kind: 'workgroup' }
  | { readonly kind: 'shape'; readonly field: CallField }
  /** How many numbers a bound buffer has: u32. */
  | { readonly kind: 'bufferLength'; readonly buffer: string }
  | {
      readonly kind: 'load'
      readonly type: 'f32' | 'u32' | 'vec4f'
      readonly buffer: string
      readonly index: Value
    }
  | {
      readonly kind: 'sharedLoad'
      readonly type: 'f32' | 'u32' | 'vec4f'
      readonly array: string
      readonly index: Value
    }
  | { readonly kind: 'lane'; readonly vector: Value; readonly lane: 0 | 1 | 2 | 3 }
  | { readonly kind: 'vec4'; readonly lanes: readonly [Value, Value, Value, Value] }
  | { readonly kind: 'splat'; readonly value: Value }
  | { readonly kind: 'unary'; readonly operator: '-' | '!'; readonly operand: Value }
  | {
      readonly kind: 'binary'
      readonly operator: BinaryOperator
      readonly left: Value
      readonly right: Value
    }
  /** `condition ? yes : no`, both evaluated; f32, vec4f (condition scalar) or integers. */
  | { readonly kind: 'select'; readonly condition: Value; readonly yes: Value; readonly no: Value }
  /** A function of f32 (and lane by lane of vec4f where it says so in `intrinsics.ts`). */
  | { readonly kind: 'call'; readonly intrinsic: string; readonly args: readonly Value[] }
  | { readonly kind: 'convert'; readonly to: ScalarType; readonly value: Value }

/**
 * Operators on two operands of one type, with the meaning that WGSL gives them; comparisons and logic yield
 * a bool.
 */
export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '<' | '<=' | '>' | '>=' | '==' | '!=' | '&&' | '||'

/**
 * One step of a kernel's body; a declared name is visible to the statements after it in the same block and
 * in the blocks inside.
 */
export type Statement =
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'let'; readonly name: string; readonly type: ValueType; readonly value: Value }
  | { readonly kind: 'var'; readonly name: string; readonly type: ValueType; readonly value: Value }
  | { readonly kind: 'assign'; readonly target: Target; readonly value: Value }
  /** `index` runs from `from` while below `to`, by `step`: all u32. */
  | {
      readonly kind: 'for'
      /** A compiler of shaders is kept from writing out all rounds, where their number is a constant. */
      readonly rolled?: true
      readonly index: string
      readonly from: Value
      readonly to: Value
      readonly step: number
      readonly body: readonly Statement[]
    }
  | {
      readonly kind: 'if'
      readonly condition: Value
      readonly then: readonly Statement[]
      readonly otherwise?: readonly Statement[]
    }
  | { readonly kind: 'store'; readonly buffer: string; readonly index: Value; readonly value: Value }
  | { readonly kind: 'sharedStore'; readonly array: string; readonly index: Value; readonly value: Value }
  | { readonly kind: 'barrier' }

/** A variable that is assigned to, whole. */
export type Target = Extract<Value, { kind: 'name' }>

export { lowest } from '../symbolic/single.ts'
