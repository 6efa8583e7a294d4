/** Types beside a spec, where TypeScript looks for them with `allowArbitraryExtensions`. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { pid } from 'node:process'
import { isSigned, sign } from '../codegen/signature.ts'
import { moduleTypes, namedTypes } from '../codegen/types.ts'
import type { Usable } from './compiled.ts'

/** @returns why the types could not be written, if so */
export function writeTypes(spec: string, attentions: readonly Usable[]): string | undefined {
  const path = spec.replace(/\.attn$/, '.d.attn.ts')
  const programs = attentions.map(({ program }) => program)
  const [first] = programs
  if (first === undefined) return undefined
  const text = sign(
    path,
    programs.length === 1 ? moduleTypes(first, 'package') : namedTypes(programs, 'package'),
  )
  try {
    const found = existsSync(path) ? readFileSync(path, 'utf8') : undefined
    if (found === text) return undefined
    if (found !== undefined && found !== '' && !isSigned(found))
      return `${path} is there and was not written by attnc; move it, or set types: false`
    // Whoever reads it meanwhile finds the one or the other, as a whole.
    const temporary = `${path}.${pid}.tmp`
    writeFileSync(temporary, text)
    renameSync(temporary, path)
    return undefined
  } catch (error) {
    return `cannot write ${path}: ${(error as Error).message}; with types: false attnc writes none`
  }
}
