import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Option } from 'commander'
import {
  type Compilation,
  type CompiledAttention,
  type OutputFile,
  type Target,
  targets,
} from '../../index.ts'
import { modulePath } from '../../codegen/module.ts'
import { runtimeFolder, type RuntimePlace, runtimes } from '../../codegen/runtime-imports.ts'
import { type Choices, modelChoices } from '../../schedule/choices.ts'
import { defaultTarget, targetNamed } from '../../targets/index.ts'
import type { Source } from '../../diagnostics/diagnostic.ts'
import { InvariantError } from '../../diagnostics/invariant.ts'
import type { Context } from '../context.ts'
import { reportDiagnostics } from '../diagnostics.ts'
import { SpecFailure } from '../failure.ts'
import { displayPath, readSource } from '../files.ts'
import type { Io } from '../io.ts'
import { printJson } from '../json.ts'
import { jsonOption, onlyOption, textOption } from '../options.ts'
import { readableFiles } from '../readable.ts'
import { compileChosen } from '../selection.ts'
import { small, table } from '../table.ts'
import { runtimeFiles } from '../runtime-files.ts'
import { inWords, readTuned, type Tuned } from '../tune/tuned-file.ts'
import type { StageResult } from '../../verification/passes/results.ts'
import { requireOwn, signed } from '../writing/own.ts'
import { type NewFile, writeFiles } from '../writing/write.ts'

interface Options {
  readonly output?: string
  readonly target: Target
  readonly only?: string
  readonly runtime: RuntimePlace
  readonly checkPasses?: true
  readonly force?: true
  readonly json?: true
}

export function addCompile({ program, io }: Context): void {
  program
    .command('compile')
    .description('Writes one importable ES module per attention, with its types and its kernels.')
    .argument('<spec>', 'an .attn file, or - for standard input')
    .addOption(
      textOption('-o, --output <dir>', 'where to write (default: beside the spec; of standard input, here)'),
    )
    .addOption(
      new Option('--target <target>', 'what the kernels are written for')
        .choices(targets)
        .default(defaultTarget),
    )
    .addOption(onlyOption())
    .addOption(
      new Option(
        '--runtime <place>',
        'what modules import: a copy of the runtime beside them, or attnc/runtime',
      )
        .choices(runtimes)
        .default('copy'),
    )
    .option(
      '--check-passes',
      'hold each stage of the compiler to the one before it, gradients too, on random calls, before writing',
    )
    .option('--force', 'replace files of these names that attnc did not write, too')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ attnc compile specs/performer.attn -o build')
    .action((path: string, options: Options) => write(io, path, options))
}

/** Compiles a spec, and writes all of it or nothing. */
async function write(io: Io, path: string, options: Options): Promise<void> {
  const source = readSource(io, path)
  const { target, only, runtime } = options
  const directory = options.output ?? dirname(path)
  const { tuned, diagnostics, modules, pending } = compileTuned(io, source, directory, {
    target,
    only,
    runtime,
  })
  if (diagnostics.some(({ severity }) => severity === 'error'))
    throw new SpecFailure([{ source, diagnostics }])
  reportDiagnostics(io, { source, diagnostics })

  if (options.checkPasses === true)
    for (const module of modules) await checkStages(io, module, target, tuned.get(module.name)?.choices)

  const all: readonly Written[] = [
    ...modules,
    ...pending.flatMap(({ name, text }) => (text === undefined ? [] : [{ name, files: text.files }])),
  ]
  const readable = new Map<string, readonly OutputFile[]>()
  for (const module of modules) readable.set(module.name, await readableFiles(io, module))
  const filesOf = ({ name, files }: Written): readonly OutputFile[] => [
    ...files,
    ...(readable.get(name) ?? []),
  ]
  const copied = runtime === 'copy' ? runtimeFiles() : []
  const files = [...all.flatMap(filesOf), ...copied].map(signed)
  await requireOwn(io, directory, files, options.force === true)
  const isModule = ({ path }: NewFile): boolean => all.some(({ name }) => path === modulePath(name))
  writeFiles(
    io,
    directory,
    files.filter((file) => !isModule(file)),
    files.filter(isModule),
  )

  noteModuleType(io, directory)
  const written = (paths: readonly { readonly path: string }[]): string[] =>
    paths.map((file) => displayPath(io, join(directory, file.path)))
  const attentions = all.map((one) => ({ name: one.name, files: written(filesOf(one)) }))
  if (options.json === true)
    printJson(io, {
      attentions: attentions.map(({ name, files }) => ({
        name,
        target,
        ...(tuned.has(name) && { tuned: tuned.get(name) }),
        files,
      })),
      runtime: written(copied),
    })
  else tell(io, attentions, tuned, runtimeName(io, directory, runtime))
}

/** Says to people what was written. */
function tell(
  io: Io,
  attentions: readonly { readonly name: string; readonly files: readonly string[] }[],
  tuned: ReadonlyMap<string, Tuned>,
  runtime: string,
): void {
  for (const { name, files } of attentions) {
    const found = tuned.get(name)
    const how =
      found === undefined ? '' : `, tuned on ${found.device}: ${inWords(found.choices, modelChoices)}`
    io.out.write(`${name}${how}\n`)
    for (const file of files) io.out.write(`  ${file}\n`)
  }
  io.out.write(`runtime\n  ${runtime}\n`)
  const [first] = attentions
  if (first !== undefined) io.out.write(`\nUse it with: import { create } from './${first.name}.js'\n`)
}

const runtimeName = (io: Io, directory: string, runtime: RuntimePlace): string =>
  runtime === 'copy'
    ? `${displayPath(io, join(directory, runtimeFolder))}/`
    : 'attnc/runtime, of the package attnc'

/** An attention with the files that are written of it. */
type Written = Pick<CompiledAttention, 'name' | 'files'>

/** Compiles with what `attnc tune` has left beside the modules. */
function compileTuned(
  io: Io,
  source: Source,
  directory: string,
  options: {
    readonly target: Target
    readonly only: string | undefined
    readonly runtime: RuntimePlace
  },
): Compilation & { readonly tuned: ReadonlyMap<string, Tuned> } {
  const compiled = compileChosen(source, options)
  const tuned = new Map<string, Tuned>()
  if (targetNamed(options.target).plannerBy !== undefined)
    for (const { name, program } of compiled.modules) {
      const found = readTuned(io, directory, name, program.source, (message) =>
        io.err.write(`note: ${message}\n`),
      )
      if (found !== undefined) tuned.set(name, found)
    }
  if (tuned.size === 0) return { ...compiled, tuned }
  const choices = Object.fromEntries([...tuned].map(([name, { choices }]) => [name, choices]))
  return { ...compileChosen(source, { ...options, tuned: choices }), tuned }
}

/** A stage that says something else than the one before it is a defect of the compiler. */
async function checkStages(
  io: Io,
  module: CompiledAttention,
  target: Target,
  choices: Choices | undefined,
): Promise<void> {
  // Loaded only where they are used, as the generators of cases are.
  const { checkPasses } = await import('../../verification/passes/check-passes.ts')
  const { checkGradients } = await import('../../verification/passes/check-gradients.ts')
  const { gradientForms } = await import('../../verification/passes/gradient-forms.ts')
  const forms = gradientForms(targetNamed(target), module.algebra, choices)
  const results: readonly StageResult[] = [
    ...checkPasses(module, { seed: 0, calls: 3 }),
    ...('underivable' in forms ? [] : checkGradients({ ...module, forms }, { seed: 0, calls: 2 })),
  ]
  const lines = results.map(({ stage, calls, error, wrong }) => [
    stage,
    wrong === undefined ? (calls === 0 ? 'not interpreted' : 'the same') : 'WRONG',
    wrong ??
      (calls === 0 ? '' : `in ${calls} random ${calls === 1 ? 'call' : 'calls'}, within ${small(error)}`),
  ])
  if ('underivable' in forms) lines.push(['gradients', 'none', `since ${forms.underivable}`])
  io.err.write(`${module.name}, each stage against the one before it\n${table(lines)}\n`)
  const wrong = results.find((result) => result.wrong !== undefined)
  if (wrong !== undefined) throw new InvariantError(`${module.name}: ${wrong.wrong ?? ''}`)
}

/** Node.js goes by the nearest package.json, and those that `npm init` writes now say CommonJS. */
function noteModuleType(io: Io, directory: string): void {
  let folder = resolve(io.directory, directory)
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  const path = join(folder, 'package.json')
  if (!existsSync(path) || !/"type"\s*:\s*"commonjs"/.test(readSource(io, path).text)) return
  io.err.write(
    `note: the modules are ES modules, and ${displayPath(io, path)} says "type": "commonjs"; Node.js needs "type": "module" there\n`,
  )
}
