// Generated modules on disk beside the runtime, and what is needed to hold them to the programs in memory.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { targetNamed } from '../../compiler/targets/index.ts'
import { runtimeFolder } from '../../compiler/codegen/runtime-imports.ts'
import type { OutputFile } from '../../compiler/codegen/module.ts'
import type { Form, Program } from '../../runtime/index.ts'
import type { Runnable } from '../../runtime/program.ts'
import { shapeFields } from '../../runtime/contract/shape.ts'

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const run = promisify(execFile)

export interface ModuleFolder {
  readonly path: string
  /** The program of the module of that name. */
  readonly program: (name: string) => Promise<Program>
  /** What a script in the folder prints as JSON, in a process of its own. */
  readonly printed: (script: string) => Promise<unknown>
  readonly remove: () => void
}

/** A folder as a user has it after `attnc compile`, with the runtime as it was built. */
export function moduleFolder(files: readonly OutputFile[]): ModuleFolder {
  const path = mkdtempSync(join(tmpdir(), 'attnc-modules-'))
  cpSync(join(root, 'dist/runtime'), join(path, runtimeFolder), { recursive: true })
  writeFileSync(join(path, 'package.json'), '{ "type": "module" }')
  for (const file of files) {
    mkdirSync(dirname(join(path, file.path)), { recursive: true })
    writeFileSync(join(path, file.path), file.text)
  }
  return {
    path,
    program: async (name) => {
      const module = (await import(pathToFileURL(join(path, `${name}.js`)).href)) as { program: Program }
      return module.program
    },
    printed: async (script) => {
      writeFileSync(join(path, 'use.js'), script)
      // Packages are also looked for where the program was started: here.
      const { stdout } = await run(process.execPath, [join(path, 'use.js')], { cwd: root, timeout: 300_000 })
      return JSON.parse(stdout) as unknown
    },
    remove: () => rmSync(path, { recursive: true }),
  }
}

/** The members of a call as the members of an object literal. */
export const spelt = (call: object): string =>
  Object.entries(call)
    .map(([name, value]: [string, number | Float32Array]) =>
      typeof value === 'number' ? `${name}: ${value}` : `${name}: Float32Array.of(${value.join()})`,
    )
    .join(', ')

/** A program in memory with its kernels as a module carries them. */
export function asCarried<Some extends Runnable>(program: Some): Some {
  const { carried } = targetNamed(program.target).language
  const kernels = Object.entries(program.kernels).map(
    ([name, facts]) => [name, { ...facts, code: carried?.(facts.code) ?? '' }] as const,
  )
  return { ...program, kernels: Object.fromEntries(kernels) }
}

/** A program as data: functions of the shape by what they return on an odd one. */
export const comparable = (program: Runnable): unknown => ({
  ...program,
  library: undefined,
  forms: Object.fromEntries(Object.entries(program.forms).map(([name, form]) => [name, onOddShape(form)])),
})

function onOddShape(form: Form): unknown {
  const shape = Object.fromEntries(shapeFields.map((field, index) => [field, 2 * index + 3])) as never
  return {
    ...form,
    chunks: form.chunks(shape),
    buffers: form.buffers.map(({ size, value, ...plan }) => ({
      ...plan,
      size: size(shape),
      value: value?.(5),
    })),
    dispatches: form.dispatches.map((dispatch) =>
      'workgroups' in dispatch
        ? { ...dispatch, workgroups: dispatch.workgroups(shape) }
        : { ...dispatch, extent: dispatch.extent(shape) },
    ),
  }
}
