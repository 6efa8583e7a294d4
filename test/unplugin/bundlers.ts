// Builds by the bundlers that the plugin is for, as their users configure them: to be run in Node.js.
import { build as esbuild } from 'esbuild'
import { rollup } from 'rollup'
import { build as vite } from 'vite'
import webpack from 'webpack'
import forEsbuild from '../../compiler/unplugin/esbuild.ts'
import type { PluginOptions } from '../../compiler/unplugin/options.ts'
import forRollup from '../../compiler/unplugin/rollup.ts'
import forVite from '../../compiler/unplugin/vite.ts'
import forWebpack from '../../compiler/unplugin/webpack.ts'
import type { Project } from './project.ts'

/** What a build that failed says, and the place that it names where it names one beside its words. */
export interface Failure {
  readonly message: string
  readonly place?: { readonly file?: string | undefined; readonly line: number; readonly column: number }
}

export interface Built {
  readonly failure?: Failure
  readonly warnings: readonly string[]
}

/** Builds `src/NAME.js` into `out/NAME.js` of a folder. */
export type Build = (project: Project, name: string, out: string, options?: PluginOptions) => Promise<Built>

const withRollup: Build = async (project, name, out, options) => {
  const warnings: string[] = []
  try {
    const bundle = await rollup({
      input: project.at(`src/${name}.js`),
      plugins: [forRollup(options)],
      // Rollup finds no packages without a plugin for that.
      external: /^(attnc\/|node:)/,
      onwarn: ({ message }) => void warnings.push(message),
    })
    await bundle.write({ dir: project.at(out), format: 'es' })
    await bundle.close()
    return { warnings }
  } catch (error) {
    return { warnings, failure: failureOf(error) }
  }
}

const withVite: Build = async (project, name, out, options) => {
  try {
    await vite({
      root: project.path,
      configFile: false,
      logLevel: 'silent',
      plugins: [forVite(options)],
      ssr: { noExternal: true },
      build: { ssr: `src/${name}.js`, outDir: out },
    })
    return { warnings: [] }
  } catch (error) {
    const [first] = (error as { errors?: unknown[] }).errors ?? [error]
    return { warnings: [], failure: failureOf(first) }
  }
}

const withEsbuild: Build = async (project, name, out, options) => {
  const settings = {
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
  } as const
  try {
    const { warnings } = await esbuild({
      ...settings,
      absWorkingDir: project.path,
      entryPoints: [`src/${name}.js`],
      outdir: out,
      plugins: [forEsbuild(options)],
    })
    return { warnings: warnings.map(({ text }) => text) }
  } catch (error) {
    const [first] = (error as { errors: { text: string; location: NonNullable<Failure['place']> }[] }).errors
    return { warnings: [], failure: { message: first?.text ?? '', ...(first && { place: first.location }) } }
  }
}

const withWebpack: Build = (project, name, out, options) =>
  new Promise((resolve, reject) => {
    const compiler = webpack({
      mode: 'development',
      devtool: false,
      target: 'node20',
      context: project.path,
      entry: { [name]: `./src/${name}.js` },
      experiments: { outputModule: true },
      output: { path: project.at(out), filename: '[name].js', module: true, chunkFormat: 'module' },
      plugins: [forWebpack(options)],
    })
    compiler.run((error, stats) => {
      const { errors = [], warnings = [] } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {}
      const said = { warnings: warnings.map(({ message }) => message) }
      const built =
        errors.length === 0
          ? said
          : { ...said, failure: { message: errors.map((e) => e.message).join('\n') } }
      compiler.close(() => (error === null ? resolve(built) : reject(error)))
    })
  })

function failureOf(error: unknown): Failure {
  const { message, loc } = error as { message: string; loc?: NonNullable<Failure['place']> }
  return { message, ...(loc && { place: loc }) }
}

export const bundlers: Readonly<Record<string, Build>> = {
  Vite: withVite,
  Rollup: withRollup,
  esbuild: withEsbuild,
  webpack: withWebpack,
}
