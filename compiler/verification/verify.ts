/** Verification of a file: every attention in it, and what a test suite wants to know of the result. */
import { backends } from '../../runtime/backends/index.ts'
import { firstOf, type Usable } from '../../runtime/backends/turns.ts'
import { backendNames } from '../../runtime/contract/backends.ts'
import type { Backend } from '../../runtime/index.ts'
import type { Source } from '../diagnostics/diagnostic.ts'
import { placed, type PlacedDiagnostic } from '../diagnostics/place.ts'
import { understand } from '../pipeline.ts'
import { defaultTarget, isTarget } from '../targets/index.ts'
import { compiledPlatform } from './execution/compiled.ts'
import { referencePlatform } from './execution/reference.ts'
import { defaultRuns } from './properties/property.ts'
import { callback, having, type Member, noAttention, oneOf, text, wholeNumber } from '../options.ts'
import { type Platform, type Storage, storages } from './execution/executor.ts'
import { type AttentionReport, type PropertyName, propertyNames, type PropertyResult } from './report.ts'
import { verifyAttention } from './verify-attention.ts'
import type { GPUDevice } from '../../runtime/contract/web-gpu.ts'

export interface VerifyOptions {
  /** The name to show in messages. */
  readonly file?: string | undefined
  /** One attention by name, in place of all. */
  readonly only?: string | undefined
  /** One property by name, in place of all. */
  readonly property?: PropertyName | undefined
  /** Of everything random; 0 where it is not given. The same seed tries the same cases. */
  readonly seed?: number | undefined
  /** Cases of a property, 20 where it is not given; samples of projections grow in proportion. */
  readonly runs?: number | undefined
  /** Replays the one case of a counterexample, whose `replay` has it. */
  readonly path?: string | undefined
  /** The first that can be used here where it is not given. */
  readonly backend?: Backend | undefined
  /**
   * Of tensors, f32 where it is not given. With f16 calls are made of numbers that it holds, and results are held to
   * float64 within half a unit of it more; only kernels have such tensors, so not the backend reference.
   */
  readonly storage?: Storage | undefined
  /** The device to run on, of a backend that takes one; one of its own where it is not given. */
  readonly device?: GPUDevice | undefined
  /** Told what is being done, often. */
  readonly onProgress?: ((step: string) => void) | undefined
  /** Told each result as soon as it is there. */
  readonly onResult?: ((news: Announcement) => void) | undefined
}

/** What `verify` takes beside the name of a file. */
export const verifyMembers: Readonly<Record<Exclude<keyof VerifyOptions, 'file'>, Member>> = {
  only: text,
  property: oneOf(propertyNames),
  seed: wholeNumber(0),
  runs: wholeNumber(1),
  path: text,
  backend: oneOf(backendNames),
  storage: oneOf(storages),
  device: having('queue', 'a GPUDevice (was it awaited?)'),
  onProgress: callback,
  onResult: callback,
}

export interface Announcement {
  readonly attention: string
  /** What it ran on, for people. */
  readonly device: string
  readonly result: PropertyResult
}

export interface Verification {
  /** What is wrong with the file; with an error among them nothing is verified. */
  readonly diagnostics: readonly PlacedDiagnostic[]
  readonly attentions: readonly AttentionReport[]
  /** What was refuted, one sentence each: empty exactly where `holds` is true, but for errors. */
  readonly refuted: readonly string[]
  /** True where the file has no errors and no property was refuted. */
  readonly holds: boolean
}

export async function verifySource(source: Source, options: VerifyOptions = {}): Promise<Verification> {
  const { checked, diagnostics: found } = understand(source)
  const diagnostics = found.map((diagnostic) => placed(diagnostic, source))
  if (diagnostics.some(({ severity }) => severity === 'error'))
    return { diagnostics, attentions: [], refuted: [], holds: false }
  const { only, seed = 0, runs = defaultRuns, path, property, storage, onProgress, onResult } = options
  const models = checked.attentions.filter(({ name }) => only === undefined || name === only)
  if (models.length === 0)
    throw noAttention(
      'only',
      only ?? 'no attention',
      checked.attentions.map(({ name }) => name),
    )
  if (path !== undefined && (property === undefined || models.length > 1))
    throw new RangeError('path: expected the property and the attention that it is a case of, beside it')
  const platform = await platformOf(options.backend, options.device)
  if (storage === 'f16' && platform.backend === 'reference')
    throw new RangeError(
      'storage: expected f32 on the backend reference, which computes in float64; found f16',
    )
  const attentions: AttentionReport[] = []
  for (const model of models)
    attentions.push(
      await verifyAttention(model, platform, {
        seed,
        runs,
        path,
        property,
        storage,
        say: onProgress ?? (() => {}),
        tell: (result) => onResult?.({ attention: model.name, device: platform.device, result }),
      }),
    )
  const refuted = attentions.flatMap(refutations)
  return { diagnostics, attentions, refuted, holds: refuted.length === 0 }
}

const refutations = ({ name, properties }: AttentionReport): string[] =>
  properties
    .filter(({ status }) => status === 'refuted')
    .map((result) => `${name}: ${result.name} is refuted: ${result.detail}`)

/** What is found lives as long as the process. */
async function platformOf(asked: Backend | undefined, given: GPUDevice | undefined): Promise<Platform> {
  const settled = asked ?? (given === undefined ? undefined : defaultTarget)
  const { name, found } = settled === undefined ? await firstOf() : await foundFor(settled, given)
  return isTarget(name) ? compiledPlatform(name, found.device, found.options) : referencePlatform
}

async function foundFor(name: Backend, given: GPUDevice | undefined): Promise<Usable> {
  const { find } = await backends[name]()
  return { name, found: await find(true, given) }
}
