/**
 * Arrays by name, from a directory of `.npy` files, one `.npz` or one
 * `.safetensors`; and back.
 */
import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type CommandFailure, usage } from '../failure.ts'
import { readBytes } from '../files.ts'
import type { Io } from '../io.ts'
import { reason } from '../reason.ts'
import { type Found, readAsked } from './asked.ts'
import { readNpy, writeNpy } from './npy.ts'
import { readNpz, writeNpz } from './npz.ts'
import { readSafetensors, reservedName, writeSafetensors } from './safetensors.ts'
import { type LoadedTensor, type Tensor, TensorFileError } from './tensor.ts'

export interface Loaded {
  readonly arrays: ReadonlyMap<string, LoadedTensor>
  /** Names of arrays that nobody asked for. */
  readonly passedOver: readonly string[]
}

/** Reads, of what is asked for, all that is there. */
export function loadArrays(io: Io, path: string, asked: readonly string[]): Loaded {
  const passedOver: string[] = []
  const passOver = (name: string): void => void passedOver.push(name)
  const read = (): ReadonlyMap<string, LoadedTensor> => {
    if (isDirectory(io, path)) return readAsked(findIn(io, path), asked, passOver)
    if (path.endsWith('.npz')) return readNpz(readBytes(io, path), asked, passOver)
    if (path.endsWith('.safetensors')) return readSafetensors(readBytes(io, path), asked, passOver)
    throw usage(
      `cannot tell what ${path} holds from its name`,
      'give a directory with q.npy, k.npy and v.npy, or one .npz or .safetensors file',
    )
  }
  return { arrays: describing(path, read), passedOver }
}

/** The format follows the name; `.npy` holds one array and so no name. */
export function packArrays(path: string, arrays: ReadonlyMap<string, Tensor>): Uint8Array {
  requireOutputName(path, [...arrays.keys()])
  if (path.endsWith('.npz')) return writeNpz(arrays)
  if (path.endsWith('.safetensors')) return writeSafetensors(arrays)
  const [only] = arrays.values()
  if (only === undefined) throw usage('there is no result to save')
  return writeNpy(only)
}

/** Said before any work is done, since the work may take a while. */
export function requireOutputName(path: string, names: readonly string[]): void {
  if (!/\.(npy|npz|safetensors)$/.test(path)) {
    throw usage(`cannot tell from the name ${path} how to save`, 'end it in .npy, .npz or .safetensors')
  }
  if (path.endsWith('.npy') && names.length > 1) {
    throw usage(
      `${path} can hold one array, and this file has ${names.length} attentions`,
      'choose one with --only NAME, or save to .npz or .safetensors',
    )
  }
  if (path.endsWith('.safetensors') && names.includes(reservedName))
    throw usage(`no array of a .safetensors file can be called ${reservedName}`, 'save to .npz')
}

function findIn(io: Io, path: string): Found {
  const files = readdirSync(resolve(io.directory, path)).filter((file) => file.endsWith('.npy'))
  return new Map(
    files.sort().map((file) => {
      const whole = join(path, file)
      return [file.slice(0, -'.npy'.length), () => describing(whole, () => readNpy(readBytes(io, whole)))]
    }),
  )
}

function isDirectory(io: Io, path: string): boolean {
  try {
    return statSync(resolve(io.directory, path)).isDirectory()
  } catch (error) {
    throw usage(`cannot read ${path}: ${reason(error)}`)
  }
}

function describing<Result>(path: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw error instanceof TensorFileError ? tensorFailure(path, error) : error
  }
}

function tensorFailure(path: string, { message }: TensorFileError): CommandFailure {
  return usage(message.startsWith(':') ? `${path}${message}` : `${path} ${message}`)
}
