/** All kernels of a program as one binary module. */

import compile from 'watr/compile'
import parse from 'watr/parse'
import type { WasmVariant } from '../../../runtime/program.ts'
import type { Node } from './wat/text.ts'

/**
 * The module of the kernels' texts in each variant, in hexadecimal, made when it is called for. Functions that several
 * texts define are in it once.
 */
export function assemble(texts: readonly string[]): Readonly<Record<WasmVariant, () => string>> {
  let module: Node | undefined
  const relaxed = (): Node => (module ??= moduleOf(texts))
  return { plain: () => binary(plainly(relaxed())), relaxed: () => binary(relaxed()) }
}

/** The module of kernels that ask for what not every engine has, as a tree that assemblers read. */
function moduleOf(texts: readonly string[]): Node {
  const imports = new Map<string, Node>()
  const helpers = new Map<string, Node>()
  const kernels: Node[] = []
  for (const text of texts)
    for (const node of (parse(text) as readonly Node[]).at(-1) ?? []) {
      if (typeof node === 'string') continue
      const [kind, name] = node
      if (typeof name !== 'string') kernels.push(node)
      else (kind === 'import' ? imports : helpers).set(name, node)
    }
  return ['module', ...imports.values(), ...helpers.values(), ...kernels]
}

/** What not every engine has in words that every one knows: a product and a sum where the text asks for both in one. */
function plainly(node: Node): Node {
  if (typeof node === 'string') return node
  const [head, ...parts] = node.map(plainly)
  const [a, b, c] = parts
  if (head === 'i32x4.relaxed_trunc_f32x4_s') return ['i32x4.trunc_sat_f32x4_s', ...parts]
  if (head !== 'f32x4.relaxed_madd' || a === undefined || b === undefined || c === undefined)
    return head === undefined ? [] : [head, ...parts]
  return ['f32x4.add', ['f32x4.mul', a, b], c]
}

/** In hexadecimal. */
const binary = (module: Node): string =>
  Array.from(compile(module) as Uint8Array, (byte) => byte.toString(16).padStart(2, '0')).join('')
