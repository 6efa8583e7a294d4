/** The plugin for esbuild. */
import type { Plugin } from 'esbuild'
import { attnc } from './index.ts'
import type { PluginOptions } from './options.ts'

export type { PluginOptions } from './options.ts'

/** Imports `.attn` files; see docs/bundlers.md. */
const plugin: (options?: PluginOptions) => Plugin = attnc.esbuild

// Configurations of bundlers import their plugins so.
// oxlint-disable-next-line import/no-default-export
export default plugin
