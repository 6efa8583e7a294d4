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
import { readNpy, writeNpy } from './npy.ts'
import { readNpz, writeNpz } from './npz.ts'
import { readSafetensors, writeSafetensors } from './safetensors.ts'
import { type LoadedTensor, type Tensor, TensorFileError } from './tensor.ts'

/** @param asked names whose arrays must be of a type that can be read */
export function loadArrays(io: Io, path: string, asked: readonly string[]): Map<string, LoadedTensor> {
  if (isDirectory(io, path)) return loadDirectory(io, path)
  if (path.endsWith('.npz')) return describing(path, () => readNpz(readBytes(io, path)))
  if (path.endsWith('.safetensors'))
    return describing(path, () => readSafetensors(readBytes(io, path), asked))
  throw usage(
    `cannot tell what ${path} holds from its name`,
    'give a directory with q.npy, k.npy and v.npy, or one .npz or .safetensors file',
  )
}

/** The format follows the name; `.npy` holds one array and so no name. */
export function packArrays(path: string, arrays: ReadonlyMap<string, Tensor>): Uint8Array {
  requireOutputName(path, arrays.size)
  if (path.endsWith('.npz')) return writeNpz(arrays)
  if (path.endsWith('.safetensors')) return writeSafetensors(arrays)
  const [only] = arrays.values()
  if (only === undefined) throw usage('there is no result to save')
  return writeNpy(only)
}

/** Said before any work is done, since the work may take a while. */
export function requireOutputName(path: string, count: number): void {
  if (!/\.(npy|npz|safetensors)$/.test(path)) {
    throw usage(`cannot tell from the name ${path} how to save`, 'end it in .npy, .npz or .safetensors')
  }
  if (path.endsWith('.npy') && count > 1) {
    throw usage(
      `${path} can hold one array, and this file has ${count} attentions`,
      'choose one with --only NAME, or save to .npz or .safetensors',
    )
  }
}

function loadDirectory(io: Io, path: string): Map<string, LoadedTensor> {
  const names = readdirSync(resolve(io.directory, path))
    .filter((file) => file.endsWith('.npy'))
    .sort()
  return new Map(
    names.map((file) => {
      const whole = join(path, file)
      return [file.slice(0, -'.npy'.length), describing(whole, () => readNpy(readBytes(io, whole)))] as const
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
