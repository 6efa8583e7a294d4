/**
 * Names of modules: that of a spec is its path, and those of what is generated of it are the path with a query, by which
 * bundlers know that they are made anew when the spec changes. No slash is in a query, since bundlers take a folder of it.
 */
import { existsSync } from 'node:fs'
import { dirname, isAbsolute, posix, resolve, sep } from 'node:path'

export interface SpecModule {
  /** The path of the spec. */
  readonly spec: string
  /** One of its attentions, where the import names one. */
  readonly only?: string
  /** A generated file, such as `performer/wasm.js`; the module that people import where there is none. */
  readonly file?: string
}

/** Ids of modules that the plugin loads. */
export const ids = /\.attn(\?|$)/

/** @returns undefined for other modules, and for those that ask for the text of a spec or its address (`?raw`, `?url`) */
export function readId(id: string): SpecModule | undefined {
  const [spec = '', query = ''] = id.split(/\?(.*)/s)
  if (!spec.endsWith('.attn')) return undefined
  const { only, attnc, ...others } = Object.fromEntries(new URLSearchParams(query))
  if (Object.keys(others).length > 0) return undefined
  return {
    spec,
    ...(only !== undefined && { only }),
    ...(attnc !== undefined && { file: attnc.replaceAll('~', '/') }),
  }
}

function idOf({ spec, only, file }: SpecModule): string {
  const path = spec.split(sep).join('/')
  if (file !== undefined) return `${path}?attnc=${file.replaceAll('/', '~')}`
  return only === undefined ? path : `${path}?only=${only}`
}

/** @returns the id of what a module imports; undefined where the bundler is to find it, as any file, by aliases and in packages */
export function resolveId(specifier: string, importer: string | undefined): string | undefined {
  const wanted = readId(specifier)
  if (wanted === undefined || (wanted.only ?? wanted.file) === undefined) return undefined
  if (importer === undefined || !(isAbsolute(wanted.spec) || /^\.\.?\//.test(wanted.spec))) return undefined
  const spec = resolve(dirname(importer.replace(/\?.*/s, '')), wanted.spec)
  // What begins with a slash may also be meant from the root of a server.
  return existsSync(spec) ? idOf({ ...wanted, spec }) : undefined
}

/**
 * A generated text that imports others by their ids: a relative name says which file is meant only together with the module
 * that has it, and some bundlers remember what a name was found to be by the folder alone.
 */
export const withIds = (text: string, spec: string, file: string): string =>
  text.replaceAll(
    /(?<=\bfrom |\bimport\()'(\.\.?\/[^'\n]+)'/g,
    (_, path: string) => `'${idOf({ spec, file: posix.join(posix.dirname(file), path) })}'`,
  )
