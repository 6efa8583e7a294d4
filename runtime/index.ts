/**
 * What generated modules are made from: everything that runs a compiled
 * attention, and nothing that compiles one. Importing it does nothing.
 */
export type {
  Attention,
  AttentionState,
  SavedState,
  Backend,
  BackwardCall,
  CreateOptions,
  DispatchTime,
  EncodeBackwardBuffers,
  EncodeBuffers,
  ForwardCall,
  Gradients,
  HalfArray,
  KeepingCall,
  Kept,
  KeptOutput,
  Lengths,
  PrefillCall,
  Sizes,
  StateGradient,
  StepCall,
  Tensor,
  WithLogSums,
} from './attention.ts'
export { createAttention } from './create.ts'
export { AttentionError } from './errors.ts'
export type { AttentionErrorCode } from './errors.ts'
export type {
  BufferPlan,
  CellDispatch,
  CellInteger,
  Dispatch,
  Form,
  KernelSource,
  Program,
  WeightPlan,
  WorkgroupDispatch,
} from './program.ts'
export type { Shape } from './contract/shape.ts'
export type { ProjectionLaw } from './contract/projections.ts'
export { drawProjection } from './projection/index.ts'
