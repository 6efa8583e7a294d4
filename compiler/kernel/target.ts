/** What whoever spells kernels in a target's language needs of this folder, beside the IR itself. */

export { cellOutput } from './cell.ts'
/** The kernel of one cell, for targets without workgroup memory. */
export type { CellKernel } from './cell.ts'
export { binary } from './fold.ts'
export { floatText } from './float-text.ts'
export { isIntrinsic } from './intrinsics.ts'
/**
 * The key type of a target's table of spellings, so that TypeScript reports each function that the table
 * lacks.
 */
export type { IntrinsicName } from './intrinsics.ts'
export { sharedBytes } from './limits.ts'
export { needsParentheses } from './precedence.ts'
export { typeOf } from './types.ts'
export { children } from './walk.ts'
export { wrap } from './wrap.ts'
