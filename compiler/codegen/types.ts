/** The types of compiled attentions, with what their tensors have to be. */
import { axisNames } from '../../runtime/contract/tensors.ts'
import type { Program } from '../../runtime/program.ts'
import { type RuntimePlace, runtimeImports } from './runtime-imports.ts'

/** What of a program its types tell. */
export type Typed = Pick<Program, 'name' | 'dim' | 'valueDim' | 'projection' | 'weights' | 'tensors'>

/** The types of a module of one attention. */
export const moduleTypes = (program: Typed, runtime: RuntimePlace): string =>
  [...typeImport(runtime), ...members(program, 'export declare ')].join('\n')

/** The types of a module that has several attentions, each as an object by its name. */
export const namedTypes = (programs: readonly Typed[], runtime: RuntimePlace): string =>
  [
    ...typeImport(runtime),
    // Under names of their own, since an attention may have the name of a type or a word of the language.
    ...programs.flatMap((program) => [
      `declare namespace ${program.name}_ {`,
      ...members(program, 'export ').map((line) => (line === '' ? '' : `  ${line}`)),
      '}',
    ]),
    `export { ${programs.map(({ name }) => `${name}_ as ${name}`).join(', ')} }`,
    '',
  ].join('\n')

const typeImport = (runtime: RuntimePlace): string[] => [
  `import type { Attention, CreateOptions, Program } from '${runtimeImports[runtime].types}'`,
  '',
]

function members(program: Typed, declared: string): string[] {
  return [
    '/**',
    ` * Makes \`${program.name}\` ready to run.`,
    ' *',
    ...factsOf(program).map((fact) => ` * ${fact}`),
    ' */',
    `${declared}function create(options?: CreateOptions): Promise<Attention>`,
    '',
    '/** What was compiled, as the runtime reads it. */',
    `${declared}const program: Program`,
    '',
  ]
}

const factsOf = ({ dim, valueDim, projection, weights, tensors = [] }: Typed): string[] => [
  `q [batch, heads, length, ${dim}], k [batch, kvHeads, keyLength, ${dim}], v [batch, kvHeads, keyLength, ${valueDim}];`,
  `the result is [batch, heads, length, ${valueDim}].`,
  ...(projection === undefined
    ? []
    : [`The option \`projection\` is [${projection.rows}, ${projection.dim}].`]),
  ...tensors.map((tensor) => `\`${tensor.role}s.${tensor.name}\` is [${axisNames(tensor).join(', ')}].`),
  ...weights.map(
    ({ name, perHead, perKeyRow }) =>
      `\`weights.${name}\` has ${perHead} numbers per head${perKeyRow === true ? ' for each key row of the longest call' : ''}.`,
  ),
]
