/** The targets, in the order in which their backends are tried. A target whose record is missing does not compile. */
import type { BackendName, TargetName } from '../../runtime/contract/backends.ts'
import { backendNames } from '../../runtime/contract/backends.ts'
import { gpujs } from './gpujs/target.ts'
import type { Target } from './target.ts'
import { wasm } from './wasm/target.ts'
import { webgpu } from './webgpu/target.ts'

const records: Readonly<Record<TargetName, Target>> = { webgpu, wasm, gpujs }

/** Whether a backend runs kernels, which are then written for it. */
export const isTarget = (backend: BackendName): backend is TargetName => backend in records

/** Names of the targets, in order. */
export const targetNames: readonly TargetName[] = backendNames.filter(isTarget)

/** The record of that name. */
export const targetNamed = (name: TargetName): Target => records[name]

/** Their records, in order. */
export const targets: readonly Target[] = targetNames.map(targetNamed)

/** The target that the compiler and the command line take unless another is asked for: the first. */
export const defaultTarget = targetNames[0] as TargetName

/** The other targets, whose kernels lie beside a module of this one. */
export const alternativesTo = ({ name }: Target): readonly Target[] =>
  targets.filter((other) => other.name !== name)
