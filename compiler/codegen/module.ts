/**
 * The files of one compiled attention: an ES module, its types, its kernels on
 * their own to be read, and modules that are loaded where they are needed, with
 * the kernels of decoding and those of the other targets. The module stands on the runtime, beside it or of the package.
 */
import type {
  AnyDescription,
  DispatchDescription,
  FormDescription,
  GradientDescription,
  ProgramDescription,
  Underivable,
} from './description.ts'
import { kernelsByNeed, programFormat } from './description.ts'
import { javascript } from './javascript.ts'
import { literal, template } from './literal.ts'
import { printSize, printSizes } from './size.ts'
import { type RuntimePlace, runtimeImports } from './runtime-imports.ts'
import { moduleTypes } from './types.ts'
import { targetNamed } from '../targets/index.ts'
import type { Language } from '../targets/target.ts'

/** One file that `attnc compile` writes. */
export interface OutputFile {
  /** Relative to the folder that the user asked for, with `/`. */
  readonly path: string
  readonly text: string
}

const languageOf = ({ target }: AnyDescription): Language => targetNamed(target).language

/**
 * All files of one compiled attention: the module, its types, its kernels as text, and the modules that it
 * loads late, which are made when they are asked for. The runtime is not among them.
 *
 * @param runtime where the module imports it from
 */
export function* printModule(
  program: ProgramDescription,
  runtime: RuntimePlace = 'copy',
): Generator<OutputFile, void> {
  const { name } = program
  const others = (program.alternatives ?? []).flatMap(({ describe }) => describe() ?? [])
  yield { path: modulePath(name), text: moduleText(program, others, runtime) }
  yield { path: `${name}.d.ts`, text: moduleTypes(program, runtime) }
  for (const other of others) yield { path: alternativePath(other), text: alternativeText(other) }
  yield* decodingFiles(program, decodingPath(program))
  for (const other of others) yield* decodingFiles(other, `${name}/${targetDecoding(other)}`)
  for (const [kernel, { code }] of Object.entries(program.kernels))
    yield { path: `${name}/${kernel}.${languageOf(program).extension}`, text: code }
  for (const one of [program, ...others]) yield* binaries(one)
  for (const one of [program, ...others]) yield* gradientFiles(one)
}

/** The path of the module that people import. It is written last, because it loads the others. */
export const modulePath = (name: string): string => `${name}.js`

const alternativePath = ({ name, target }: ProgramDescription): string => `${name}/${target}.js`

/** By the field of a program that loads them, how the files of its gradients end. */
const gradientEndings = {
  gradients: '-gradients',
  parameterGradients: '-parameter-gradients',
  stateGradients: '-state-gradients',
} as const

type GradientField = keyof typeof gradientEndings

const gradientFields = Object.keys(gradientEndings) as readonly GradientField[]

const gradientsPath = ({ name, target }: ProgramDescription, field: GradientField): string =>
  `${name}/${target}${gradientEndings[field]}.js`

/** The gradients of a program, as programs of their own that it loads when they are asked for. */
function gradientFiles(program: ProgramDescription): readonly OutputFile[] {
  const files = gradientFields.flatMap((field) => {
    const gradients = program[field]?.()
    if (gradients === undefined) return []
    const path = gradientsPath(program, field)
    if ('underivable' in gradients) return [{ path, text: reasonText(program, gradients) }]
    return [
      { path, text: gradientsText(gradients, gradientEndings[field]) },
      ...binaries(gradients, gradientEndings[field]),
      ...Object.entries(gradients.kernels).map(([kernel, { code }]) => ({
        path: `${program.name}/${field === 'stateGradients' ? 'state-gradients' : 'gradients'}/${program.target}/${kernel}.${languageOf(program).extension}`,
        text: code,
      })),
    ]
  })
  // Most kernels are in both.
  return [...new Map(files.map((file) => [file.path, file])).values()]
}

const reasonText = ({ name }: ProgramDescription, { underivable }: Underivable): string =>
  `// Why ${name} has no gradients.\nexport const underivable = ${literal(underivable)}\n`

function gradientsText(program: GradientDescription, ending: string): string {
  const { name, target } = program
  return [
    `// The gradients of ${name} for the target ${target}, compiled by attnc. Loaded where they are asked for.`,
    "const source = ''",
    '',
    ...programLines(program, binaryLines(program, './', ending)),
    '',
  ].join('\n')
}

/** By the field of a program that loads them, the names of the kernels that a binary has, and how its file ends. */
function binaryParts(program: AnyDescription, ending: string): readonly BinaryPart[] {
  if (languageOf(program).assemble === undefined) return []
  const { first, later } = kernelsByNeed(program)
  const parts: readonly BinaryPart[] = [
    { field: 'assembled', kernels: first, ending },
    { field: 'assembledLater', kernels: later, ending: '-decoding' },
  ]
  return parts.filter(({ kernels }) => kernels.length > 0)
}

interface BinaryPart {
  readonly field: 'assembled' | 'assembledLater'
  readonly kernels: readonly string[]
  readonly ending: string
}

const binaryName = ({ target }: AnyDescription, { ending }: BinaryPart, variant: string): string =>
  `${target}-${variant}${ending}.js`

/** The kernels as modules of their own, of which one is loaded, where a target's kernels are binaries. */
function binaries(program: AnyDescription, ending = ''): readonly OutputFile[] {
  const { name } = program
  const { assemble, title } = languageOf(program)
  return binaryParts(program, ending).flatMap((part) => {
    const codes = part.kernels.map((kernel) => program.kernels[kernel]?.code ?? '')
    const what =
      part.field === 'assembled' ? `The kernels of ${name}` : `The kernels with which ${name} decodes`
    return Object.entries(assemble?.(codes) ?? {}).map(([variant, bytes]) => ({
      path: `${name}/${binaryName(program, part, variant)}`,
      text: [
        `// ${what} in ${variant} WebAssembly, which can be read as ${title}.`,
        `export const bytes = ${literal(bytes())}`,
        '',
      ].join('\n'),
    }))
  })
}

/** Where what a program decodes with is, as the module that people import sees it or that of a target beside it. */
const decodingPath = ({ name }: ProgramDescription): string => `${name}/decoding.js`
const targetDecoding = ({ target }: ProgramDescription): string => `${target}-decoding.js`

/** Forms and kernels that are in a module of their own: those that `forward` does without. */
interface Apart {
  readonly forms: readonly string[]
  readonly kernels: readonly string[]
}

function apartFrom(program: AnyDescription): Apart {
  const loadsLater = languageOf(program).loadsLater && program.uncompiled === undefined
  if (!loadsLater || !('forward' in program.forms)) return { forms: [], kernels: [] }
  const forms = Object.keys(program.forms).filter((name) => name !== 'forward')
  return { forms, kernels: kernelsByNeed(program).later }
}

/** The file, where a program has more than `forward`. */
function decodingFiles(program: ProgramDescription, path: string): readonly OutputFile[] {
  const { name, target } = program
  const { forms, kernels } = apartFrom(program)
  if (forms.length === 0) return []
  const lines = [
    `// What ${name} decodes with on the target ${target}, compiled by attnc. Loaded where it is needed.`,
    ...textLines(`const ${languageOf(program).texts}`, program, kernels),
    '',
    'export const forms = {',
    ...indent(formsLines(program, forms)),
    '}',
    'export const kernels = {',
    ...indent(kernelLines(program, kernels)),
    '}',
    '',
  ]
  return [{ path, text: lines.join('\n') }]
}

/** Declares an object, in which a kernel may have any name, also that of something else in the module. */
function textLines(declared: string, program: AnyDescription, names: readonly string[]): string[] {
  const { carried } = languageOf(program)
  if (carried === undefined) return []
  const texts = names.map((name) => `  ${name}: ${template(carried(program.kernels[name]?.code ?? ''))},`)
  return [`${declared} = {`, ...texts, '}']
}

/** The module of an attention without kernels. */
function textModule(program: ProgramDescription, runtime: RuntimePlace): string {
  const { name, source, uncompiled } = program
  return [
    `// ${name}, checked by attnc. There are no kernels yet for attention with ${uncompiled ?? ''}: it runs in float64.`,
    `import { createAttention } from '${runtimeImports[runtime].create}'`,
    '',
    `const source = ${template(source)}`,
    '',
    ...programLines(program, []),
    '',
    'export const create = (options) => createAttention(program, options)',
    '',
  ].join('\n')
}

function moduleText(
  program: ProgramDescription,
  others: readonly ProgramDescription[],
  runtime: RuntimePlace,
): string {
  const { name, target, source } = program
  if (program.uncompiled !== undefined) return textModule(program, runtime)
  const { library } = languageOf(program)
  const own = [
    // A literal name, because a bundler finds the library of a target by it.
    ...(library === undefined ? [] : [`library: () => import(${literal(library)}),`]),
    ...(others.length === 0 ? [] : [`alternatives: { ${others.map(loader).join(', ')} },`]),
    ...binaryLines(program, `./${name}/`),
    ...gradientLines(program, './'),
  ]
  return [
    `// ${name}, compiled by attnc. Its kernels can be read in ${name}/.`,
    `import { createAttention } from '${runtimeImports[runtime].create}'`,
    `import { open } from '${runtimeImports[runtime].backend(target)}'`,
    '',
    `const source = ${template(source)}`,
    '',
    ...programLines(program, own, `./${decodingPath(program)}`),
    '',
    'export const create = (options) => createAttention(program, options, open)',
    '',
  ].join('\n')
}

const loader = (other: ProgramDescription): string =>
  `${other.target}: () => import(${literal(`./${alternativePath(other)}`)})`

/**
 * The text of the spec, which only the reference reads, is in the module that loads this one. All texts of kernels
 * are in this one, which is itself loaded late.
 */
function alternativeText(program: ProgramDescription): string {
  const { name, target } = program
  return [
    `// ${name} for the target ${target}, compiled by attnc. ../${name}.js loads it where it is needed.`,
    "const source = ''",
    '',
    ...programLines(
      program,
      [...binaryLines(program, './'), ...gradientLines(program, '../')],
      `./${targetDecoding(program)}`,
    ),
    '',
  ].join('\n')
}

/** @param folder where the module's own lies, as the module that loads the gradients sees it */
const gradientLines = (program: ProgramDescription, folder: string): string[] =>
  gradientFields.flatMap((field) =>
    program[field] === undefined
      ? []
      : [`${field}: () => import(${literal(folder + gradientsPath(program, field))}),`],
  )

/** @param folder where the binaries lie, as the module that loads them sees it */
function binaryLines(program: AnyDescription, folder: string, ending = ''): string[] {
  return binaryParts(program, ending).map((part) => {
    const loaders = ['plain', 'relaxed'].map(
      (variant) => `${variant}: () => import(${literal(folder + binaryName(program, part, variant))})`,
    )
    return `${part.field}: { ${loaders.join(', ')} },`
  })
}

/**
 * Declares `program`, which refers to `source`.
 *
 * @param later where forms and kernels are that are apart from it
 */
function programLines(program: AnyDescription, own: readonly string[], later = ''): string[] {
  const {
    name,
    dim,
    valueDim,
    features,
    causal,
    convex,
    target,
    projection,
    weights,
    keysAreQueries,
    longest,
    undecodable,
    only,
    uncompiled,
    tensors,
    sameRows,
  } = program
  const { texts } = languageOf(program)
  const apart = apartFrom(program)
  const here = Object.keys(program.kernels).filter((name) => !apart.kernels.includes(name))
  const forms = Object.keys(program.forms).filter((name) => !apart.forms.includes(name))
  const fields = [
    `format: ${programFormat},`,
    `name: ${literal(name)},`,
    `dim: ${dim},`,
    `valueDim: ${valueDim},`,
    `features: ${features},`,
    `causal: ${causal},`,
    ...(convex === true ? ['convex: true,'] : []),
    `target: ${literal(target)},`,
    ...(projection === undefined ? [] : [`projection: ${literal(projection)},`]),
    ...(keysAreQueries === true ? ['keysAreQueries: true,'] : []),
    ...(longest === undefined ? [] : [`longest: ${longest},`]),
    ...(undecodable === undefined ? [] : [`undecodable: ${literal(undecodable)},`]),
    ...(uncompiled === undefined ? [] : [`only: ${literal(only)},`, `uncompiled: ${literal(uncompiled)},`]),
    ...(tensors === undefined ? [] : [`tensors: ${literal(tensors)},`]),
    ...(sameRows === true ? ['sameRows: true,'] : []),
    `weights: ${literal(weights)},`,
    'source,',
    ...own,
    'forms: {',
    ...indent(formsLines(program, forms)),
    '},',
    'kernels: {',
    ...indent(kernelLines(program, here)),
    '},',
    ...(apart.forms.length === 0 ? [] : [`later: () => import(${literal(later)}),`]),
  ]
  const declared = textLines(`const ${texts}`, program, here)
  return [
    ...declared,
    ...(declared.length === 0 ? [] : ['']),
    'export const program = {',
    ...indent(fields),
    '}',
  ]
}

const formsLines = (program: AnyDescription, names: readonly string[]): string[] =>
  Object.entries(program.forms).flatMap(([name, form]) => (names.includes(name) ? formLines(name, form) : []))

/** Kernels by name, their texts being declared by `textLines`. */
const kernelLines = (program: AnyDescription, names: readonly string[]): string[] =>
  Object.entries(program.kernels).flatMap(([name, { workgroupSize, workgroupBytes, bindings, integers }]) =>
    names.includes(name)
      ? [
          `${name}: { code: ${codeOf(program, name)}, workgroupSize: ${workgroupSize}, ` +
            `workgroupBytes: ${workgroupBytes}, bindings: ${literal(bindings)}` +
            `${integers === undefined ? '' : `, integers: ${literal(integers)}`} },`,
        ]
      : [],
  )

const codeOf = (program: AnyDescription, kernel: string): string =>
  languageOf(program).carried === undefined ? "''" : `${languageOf(program).texts}.${kernel}`

function formLines(name: string, form: FormDescription): string[] {
  const buffers = form.buffers.map(
    ({ name, role, element, size, value, scales, total, kept }) =>
      `{ name: ${literal(name)}, role: ${literal(role)}, element: ${literal(element)}, size: ${printSize(size)}` +
      (scales === undefined ? '' : `, scales: ${scales}`) +
      (total === undefined ? '' : `, total: ${total}`) +
      (kept === undefined ? '' : `, kept: ${kept}`) +
      `${value === undefined ? '' : `, value: (head) => ${javascript(value)}`} },`,
  )
  const dispatches = form.dispatches.map(
    (dispatch) =>
      `{ kernel: ${literal(dispatch.kernel)}, ${countOf(dispatch)}, buffers: ${literal(dispatch.buffers)} },`,
  )
  return [
    `${name}: {`,
    ...indent([
      `chunks: ${printSize(form.chunks)},`,
      `groups: ${literal(form.groups)},`,
      ...(form.together === true ? ['together: true,'] : []),
      ...(form.rows === undefined ? [] : [`rows: ${literal(form.rows)},`]),
      'buffers: [',
      ...indent(buffers),
      '],',
    ]),
    ...indent(['dispatches: [', ...indent(dispatches), '],']),
    '},',
  ]
}

const countOf = (dispatch: DispatchDescription): string =>
  'workgroups' in dispatch
    ? `workgroups: ${printSize(dispatch.workgroups)}${dispatch.when === undefined ? '' : `, when: ${literal(dispatch.when)}`}`
    : `extent: ${printSizes(dispatch.extent)}`

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)
