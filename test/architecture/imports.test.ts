// A folder's name enforces nothing, so the direction of imports is checked here.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { importsOf } from './imports.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

interface Rule {
  /** The first rule whose pattern is a prefix of a file's path governs that file. */
  readonly files: string
  /** Prefixes of what those files may import, beside their own folder. */
  readonly may: readonly string[]
  /** Prefixes of what they may import for its types only. */
  readonly mayTypes?: readonly string[]
}

const leaves = ['compiler/diagnostics/', 'compiler/symbolic/', 'runtime/contract/']
const everything = ['compiler/', 'runtime/']

const rules: readonly Rule[] = [
  { files: 'compiler/diagnostics/', may: [] },
  // The operator `random` is the generator of the projections: one number everywhere.
  { files: 'compiler/symbolic/', may: ['compiler/diagnostics/', 'runtime/projection/'] },
  { files: 'compiler/syntax/', may: leaves },
  { files: 'compiler/semantics/', may: [...leaves, 'compiler/syntax/ast.ts'] },
  { files: 'compiler/algebra/', may: [...leaves, 'compiler/semantics/model.ts'] },
  // The description of the algebra, and the facts that it states of an attention.
  {
    files: 'compiler/schedule/',
    may: [...leaves, 'compiler/algebra/attention.ts', 'compiler/algebra/facts.ts'],
  },
  {
    files: 'compiler/kernel/',
    may: [...leaves, 'compiler/schedule/schedule.ts', 'compiler/schedule/equation/traverse.ts'],
  },
  // A target chooses how passes are planned, lowered and spelt; the page's runtime makes GLSL of kernels.
  {
    files: 'compiler/targets/',
    may: [...leaves, 'compiler/schedule/', 'compiler/kernel/', 'runtime/backends/gpujs/shaders.ts'],
    mayTypes: ['compiler/algebra/attention.ts', 'runtime/program.ts'],
  },
  // Counts what kernels do; the texts of functions tell what these take.
  {
    files: 'compiler/cost/',
    may: [...leaves, 'compiler/schedule/', 'compiler/kernel/', 'compiler/targets/webgpu/'],
  },
  {
    files: 'compiler/codegen/',
    may: [...leaves, 'compiler/kernel/kernel.ts', 'compiler/targets/'],
    mayTypes: ['runtime/program.ts'],
  },
  // The reference draws the projections that the runtime draws, and holds calls to whose tensors a model sees.
  {
    files: 'compiler/reference/',
    may: [...leaves, 'compiler/semantics/model.ts', 'compiler/semantics/owners.ts', 'runtime/projection/'],
  },
  // Holds what every stage made against what every other stage says.
  { files: 'compiler/verification/', may: everything },
  { files: 'compiler/cli/', may: everything },
  // What bundlers and the command line write of specs is the same, and so are their first lines.
  {
    files: 'compiler/unplugin/',
    may: ['compiler/index.ts', 'compiler/options.ts', 'compiler/codegen/'],
    mayTypes: everything,
  },
  { files: 'compiler/index.ts', may: everything },
  { files: 'compiler/frames.ts', may: [...leaves, 'compiler/options.ts', 'runtime/arguments/'] },
  { files: 'compiler/options.ts', may: [...leaves, 'runtime/arguments/'] },
  { files: 'compiler/pipeline.ts', may: everything },
  { files: 'compiler/forms.ts', may: everything },
  { files: 'compiler/uncompiled.ts', may: everything },
  // Hands what the stages found to the last of them, which sees no schedule.
  { files: 'compiler/assemble.ts', may: everything },
  { files: 'compiler/prelude.ts', may: [] },
  // What compiler and runtime agree on: a leaf of both.
  { files: 'runtime/contract/', may: [] },
  { files: 'runtime/', may: ['runtime/'] },
]

/** Packages and Node.js modules by the folders that may name them; a runtime carried into a browser has none. */
const packages: readonly { readonly files: string; readonly may: RegExp }[] = [
  { files: 'runtime/', may: /^(webgpu|gpu\.js|attnc|node:[\w/]+)$/ },
  { files: 'compiler/syntax/', may: /^chevrotain$/ },
  { files: 'compiler/verification/', may: /^fast-check$/ },
  { files: 'compiler/targets/wasm/', may: /^watr\/\w+$/ },
  { files: 'compiler/cli/', may: /^(commander|fflate|node:[\w/]+)$/ },
  { files: 'compiler/unplugin/', may: /^(unplugin|node:[\w/]+)$/ },
  { files: 'compiler/', may: /^$/ },
]

function sources(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => `${directory}/${file.split(sep).join('/')}`)
    .sort()
}

function violations(file: string): string[] {
  const rule = rules.find(({ files }) => file.startsWith(files))
  if (rule === undefined) return [`${file}: no rule says what it may import; add one to the table`]
  const folder = rule.files.endsWith('/') ? rule.files : undefined
  const found: string[] = []
  for (const { specifier, typeOnly, lazy } of importsOf(file, readFileSync(join(root, file), 'utf8'))) {
    if (!specifier.startsWith('.')) {
      const allowed = packages.find(({ files }) => file.startsWith(files))
      if (typeOnly) continue
      if (allowed?.may.test(specifier) !== true)
        found.push(`${file}: may not import the package ${specifier}`)
      else if (file.startsWith('runtime/') && !lazy)
        found.push(`${file}: must load ${specifier} lazily, with import(): it is absent in a browser`)
      continue
    }
    const target = posix.normalize(posix.join(posix.dirname(file), specifier))
    const within = (prefix: string): boolean => target.startsWith(prefix)
    if (folder !== undefined && within(folder)) continue
    if (rule.may.some(within)) continue
    if (typeOnly && (rule.mayTypes ?? []).some(within)) continue
    found.push(`${file}: may not import ${target}${typeOnly ? ' (types)' : ''}`)
  }
  return found
}

describe('imports go one way', () => {
  const files = [...sources('compiler'), ...sources('runtime')]

  test('there are sources to look at', () => {
    expect(files).toContain('compiler/index.ts')
    expect(files).toContain('runtime/index.ts')
  })

  test('no file imports against the direction of the stages', () => {
    expect(files.flatMap(violations)).toEqual([])
  })
})

describe('reading imports', () => {
  const read = (text: string): string[] =>
    importsOf('sample.ts', text).map(
      ({ specifier, typeOnly, lazy }) => `${specifier}${typeOnly ? ' type' : ''}${lazy ? ' lazy' : ''}`,
    )

  test('every form that names a module is seen', () => {
    expect(
      read(`import a, { b } from './a.ts'
import type { C } from './c.ts'
import { type D, type E } from './d.ts'
import { type F, g } from './f.ts'
import './side.ts'
import * as h from "./h.ts"
export { i } from './i.ts'
export type * from './j.ts'
export * from './k.ts'
const l = await import('./l.ts')
type M = import('./m.ts').M
`),
    ).toEqual([
      './a.ts',
      './c.ts type',
      './d.ts',
      './f.ts',
      './side.ts',
      './h.ts',
      './i.ts',
      './j.ts type',
      './k.ts',
      './l.ts lazy',
      './m.ts type',
    ])
  })

  test('text that only looks like an import is not one', () => {
    expect(
      read("// import './comment.ts'\n/* export * from './b.ts' */\nconst text = `import './template.ts'`\n"),
    ).toEqual([])
  })
})
