/**
 * The last step before text: what the stages found about an attention, put
 * together as the description from which its module is printed, or run.
 */
import type { ProgramDescription } from './codegen/description.ts'
import { wgsl } from './codegen/wgsl.ts'
import { invariant } from './diagnostics/invariant.ts'
import type { Kernel } from './kernel/kernel.ts'
import type { Schedule } from './schedule/schedule.ts'
import type { AttentionModel } from './semantics/model.ts'

/** @param source the text of the spec, for the reference backend */
export function assemble(
  model: AttentionModel,
  schedule: Schedule,
  kernels: readonly Kernel[],
  source: string,
): ProgramDescription {
  invariant(schedule.passes.length === kernels.length, 'every pass has one kernel')
  const { name, dim, valueDim, projections } = model
  return {
    name,
    dim,
    valueDim,
    features: schedule.features,
    causal: schedule.causal,
    target: 'webgpu',
    ...(projections === undefined ? {} : { projection: lawOf(projections, dim) }),
    weights: [],
    source,
    forms: {
      forward: {
        chunks: schedule.chunks,
        // Every query head of a key/value head reads the same state.
        groups: 'kvHeads',
        buffers: schedule.buffers.map(({ name, role, element, size }) => ({ name, role, element, size })),
        dispatches: schedule.passes.map(({ workgroups, buffers }, index) => ({
          kernel: kernels[index]?.name ?? '',
          workgroups,
          buffers,
        })),
      },
    },
    kernels: Object.fromEntries(kernels.map((kernel) => [kernel.name, wgsl(kernel)])),
  }
}

function lawOf(
  { count, coupling, fixedNorm, seed }: NonNullable<AttentionModel['projections']>,
  dim: number,
): NonNullable<ProgramDescription['projection']> {
  return { rows: count, dim, coupling, fixedNorm, seed }
}
