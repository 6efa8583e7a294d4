/**
 * A plugin for bundlers, by which a program imports specs as they are:
 *
 *     import { create } from './performer.attn'
 *
 * A spec with one attention exports what the module of that attention does; one with several exports these by name,
 * `import { linear, soft } from './two.attn'`, and with `?only=linear` what the module of that one exports. Every
 * generated file is a module of its own, so that what is loaded late stays a chunk of its own.
 */
import {
  createUnplugin,
  type UnpluginBuildContext,
  type UnpluginContext,
  type UnpluginInstance,
} from 'unplugin'
import { type Diagnostic, render } from '../index.ts'
import { compiledSpec, type CompiledSpec, type Usable } from './compiled.ts'
import { ids, readId, resolveId, type SpecModule, withIds } from './ids.ts'
import { type PluginOptions, requireOptions } from './options.ts'
import { writeTypes } from './types-file.ts'

export type { PluginOptions } from './options.ts'

type Context = UnpluginBuildContext & UnpluginContext

/** The plugin, by the names of bundlers; `attnc/vite` and the like have one of them each. */
export const attnc: UnpluginInstance<PluginOptions | undefined, false> = createUnplugin(
  (given: PluginOptions | undefined) => {
    const options = given ?? {}
    requireOptions(options)
    return {
      name: 'attnc',
      // Before plugins that would read a spec as an asset.
      enforce: 'pre',
      resolveId: (specifier, importer) => resolveId(specifier, importer),
      load: {
        filter: { id: ids },
        handler(id) {
          const wanted = readId(id)
          return wanted === undefined ? undefined : load(this, wanted, options)
        },
      },
      // The runtime loads parts of itself by their places, which a server that bundles it beforehand would change.
      vite: { config: () => ({ optimizeDeps: { exclude: ['attnc'] } }) },
      esbuild: { onLoadFilter: ids },
    }
  },
)

/**
 * What a module is after errors: Rollup throws where they are told, and esbuild goes no further; webpack does, and would
 * miss exports in a module that has none.
 */
const nothing = 'module.exports = undefined\n'

function load(context: Context, wanted: SpecModule, { target, types }: PluginOptions): string {
  context.addWatchFile(wanted.spec)
  const found = compiledSpec(wanted.spec, target)
  const errors = found.diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) {
    context.error(messageOf(errors, found, wanted.spec))
    return nothing
  }
  if (wanted.file !== undefined) return withIds(generated(found, wanted.file), wanted.spec, wanted.file)

  for (const warning of found.diagnostics) context.warn(messageOf([warning], found, wanted.spec))
  const unwritten = types === false ? undefined : writeTypes(wanted.spec, found.attentions)
  if (unwritten !== undefined) context.warn(unwritten)
  const chosen = found.attentions.filter(({ name }) => (wanted.only ?? name) === name)
  if (chosen.length > 0) return withIds(entry(chosen), wanted.spec, '')
  const names = found.attentions.map(({ name }) => name).join(', ') || 'none'
  const missing = wanted.only === undefined ? 'attention' : `attention named ${wanted.only}`
  context.error({ message: `${found.file} has no ${missing}; it has ${names}`, id: wanted.spec })
  return nothing
}

function entry(attentions: readonly Usable[]): string {
  const [first] = attentions
  if (attentions.length === 1) return `export { create, program } from './${first?.name}.js'\n`
  return attentions.map(({ name }) => `export * as ${name} from './${name}.js'\n`).join('')
}

/** @throws Error for a file that an earlier text of the spec had, which a bundler asks for no more once it has the new one */
function generated({ attentions, file }: CompiledSpec, path: string): string {
  const name = /^\w+/.exec(path)?.[0]
  const text = attentions.find((attention) => attention.name === name)?.textOf(path)
  if (text === undefined) throw new Error(`${file}: nothing of the name ${path} is generated of it`)
  return text
}

/** All in one message, at the place of the first: bundlers show one of a module. */
function messageOf(diagnostics: readonly Diagnostic[], { text, file }: CompiledSpec, spec: string) {
  const [first] = diagnostics
  return {
    message: render(diagnostics, { file, text }),
    id: spec,
    ...(first && { loc: { file: spec, line: first.line, column: first.column } }),
  }
}
