// The papers' specs, made small: odd sizes, and projections that fill no tile.
import { readdirSync, readFileSync } from 'node:fs'
import { fromModel } from '../../compiler/algebra/build.ts'
import { underivable } from '../../compiler/schedule/build.ts'
import { understand } from '../../compiler/pipeline.ts'
import { uncompiled } from '../../compiler/uncompiled.ts'

/** Settings by which a spec becomes small. */
export const sizesOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  based: { dim: '5', value_dim: '3' },
  bigbird: { dim: '8' },
  cosformer: { dim: '12', value_dim: '24' },
  gemma: { dim: '8', mask: 'causal && i - j < 9' },
  gpt_oss: { dim: '8', mask: 'causal && i - j < 5' },
  linear_transformer: { dim: '40', value_dim: '24' },
  linformer: { dim: '8', compress: '20 learned' },
  nystromformer: { dim: '8', landmarks: '12 segment_means' },
  oprf: { dim: '12', projections: '35 orthogonal seed 42' },
  performer: { dim: '8', value_dim: '5', projections: '266 orthogonal seed 42' },
  // As narrow as rows are projected by transforms.
  performer_hadamard: { value_dim: '5', projections: '33 hadamard seed 42' },
  performer_hyperbolic: { dim: '8', projections: '17 orthogonal seed 42' },
  performer_relu: { dim: '16', projections: '40 orthogonal seed 42' },
  performer_trigonometric: { dim: '8', projections: '32 orthogonal seed 42' },
  proxyformer: { dim: '8', landmarks: '12 learned' },
  retnet: { dim: '8', value_dim: '40' },
  sliding_window: { dim: '16', mask: 'i >= j && i - j < 5' },
  softmax: { dim: '40', value_dim: '24' },
}
const otherwise = { dim: '8' }

/** Blocks of rows as long as a tile is wide would hide what a mask of blocks does. */
const smallBlocks = (text: string): string =>
  text.includes('floor') ? text.replaceAll('64', '8').replaceAll('63', '7') : text

const folder = new URL('../../specs/', import.meta.url)
export const textOf = (name: string): string => readFileSync(new URL(`${name}.attn`, folder), 'utf8')

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.attn'))
  .map((file) => file.slice(0, -'.attn'.length))

/** Specs that run on the float64 reference alone, and what of them no target has kernels for; undefined for others. */
export const waitsFor = (name: string): string | undefined =>
  understand({ file: `${name}.attn`, text: textOf(name) })
    .checked.attentions.map(uncompiled)
    .find((reason) => reason !== undefined)

/** Names of the specs that have kernels, as the files have them. */
export const specs: readonly string[] = names.filter((name) => waitsFor(name) === undefined)

/** Those among them that have gradients. */
export const derivable: readonly string[] = specs.filter((name) =>
  understand({ file: `${name}.attn`, text: textOf(name) }).checked.attentions.every(
    (model) => underivable(fromModel(model)) === undefined,
  ),
)

/** The text of a spec with the settings by which it is small. */
export const sized = (name: string): string =>
  Object.entries(sizesOf[name] ?? otherwise).reduce(
    (text, [setting, value]) => withSetting(text, setting, value),
    smallBlocks(textOf(name)),
  )

/** The text with one setting changed, or added. */
function withSetting(text: string, setting: string, value: string): string {
  const line = new RegExp(`^  ${setting}:.*$`, 'm')
  const changed = `  ${setting}: ${value}`
  return line.test(text) ? text.replace(line, changed) : text.replace(/^}/m, `${changed}\n}`)
}
