/** Backends that a program was not compiled for, or not for alone; loaded where one is wanted. */
import type { BaseAttention } from '../base-attention.ts'
import type { BackendName, TargetName } from '../contract/backends.ts'
import { backendNames, backends as missingCodes } from '../contract/backends.ts'
import { AttentionError, isAttentionError } from '../errors.ts'
import type { Program } from '../program.ts'
import type { Opening } from '../projection/lazy.ts'
import { backends } from './index.ts'

/** Said once per process and attention. */
const warned = new Set<string>()

/** On a backend that is asked for by name. */
export async function open(program: Program, name: BackendName, options: Opening): Promise<BaseAttention> {
  const backend = await backends[name]()
  const why =
    program.uncompiled === undefined
      ? undefined
      : (await import('./not-compiled.ts')).notCompiled(program, options)
  const attention = await backend.open(
    backend.runs === 'kernels' ? await compiledFor(program, backend.name) : program,
    options,
  )
  if (why !== undefined && options.backend === undefined) await warn(program, attention, why)
  return attention
}

/** Says once what an attention runs on, and why. */
async function warn(
  { name }: Program,
  { backend, device }: Pick<BaseAttention, 'backend' | 'device'>,
  why: string,
): Promise<void> {
  if (warned.has(name)) return
  warned.add(name)
  const { instead = device } = await backends[backend]()
  // oxlint-disable-next-line no-console -- the interface promises it
  console.warn(`attnc: ${name} runs on ${instead}. ${why}`)
}

/**
 * On the first backend after the one that is missing.
 *
 * @throws what was thrown, where it does not say that the backend is missing, or where no other runs
 */
export async function fallBack(
  program: Program,
  absent: BackendName,
  options: Opening,
  reason: unknown,
): Promise<BaseAttention> {
  if (!isMissing(absent, reason)) throw reason
  const missing = [reason.message]
  for (const name of backendNames.slice(backendNames.indexOf(absent) + 1)) {
    // Where nothing else runs, what is worth knowing is why there is no device.
    const attention = await open(program, name, options).catch((thrown: unknown) => {
      if (isMissing(name, thrown)) missing.push(thrown.message)
      return undefined
    })
    if (attention === undefined) continue
    await warn(program, attention, missing.join(' '))
    return attention
  }
  throw missing.length === 1 ? reason : new AttentionError(reason.code, missing.join(' '), { cause: reason })
}

const isMissing = (backend: BackendName, thrown: unknown): thrown is AttentionError =>
  isAttentionError(thrown) && (missingCodes[backend] as readonly string[]).includes(thrown.code)

/** Another target's kernels lie beside the module; those of a text alone are made by the attnc package. */
export async function compiledFor(program: Program, target: TargetName): Promise<Program> {
  if (program.target === target) return program
  let reason: unknown
  try {
    const beside = await program.alternatives?.[target]?.()
    if (beside?.program !== undefined) return beside.program
  } catch (thrown) {
    reason = thrown
  }
  return (await import('./compiled-here.ts')).compiledHere(program, target, reason)
}
