// Apps built by Vite with its defaults, as users build theirs.
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build, createLogger } from 'vite'
import { pagesFolder } from './pages.ts'

const page =
  '<!doctype html><html lang="en"><title>app</title><script type="module" src="./app.js"></script></html>'

/**
 * Writes an app beside the modules of a folder and builds it into `app/` there.
 *
 * @param module relative to the folder
 * @returns what Vite had to say against it
 */
export async function buildApp(folder: string, module: string): Promise<string[]> {
  // The pages' own program, with the module imported by name as an app does.
  const run = await readFile(join(pagesFolder, 'run.mjs'), 'utf8')
  await writeFile(join(folder, 'run.js'), run.replace('import(run.module)', `import('${module}')`))
  await writeFile(join(folder, 'app.js'), "import { run } from './run.js'\nglobalThis.runHere = run\n")
  await writeFile(join(folder, 'index.html'), page)
  return buildWithVite(folder, join(folder, 'app'), 'index.html')
}

/**
 * Builds a page, to be served at `/app/`.
 *
 * @returns warnings and errors
 */
export async function buildWithVite(root: string, outDir: string, input: string): Promise<string[]> {
  const warnings: string[] = []
  const keep = (message: string): void => void warnings.push(message)
  await inProduction(() =>
    build({
      root,
      base: '/app/',
      configFile: false,
      logLevel: 'warn',
      customLogger: { ...createLogger('silent'), warn: keep, warnOnce: keep, error: keep },
      build: {
        outDir,
        emptyOutDir: true,
        // The compiler is one chunk, since `compile` returns at once and no part of it can be loaded later. What a page
        // loads for it is held to a number of its own, in `compiler.test.ts`.
        chunkSizeWarningLimit: Infinity,
        rolldownOptions: { input: join(root, input) },
      },
    }),
  )
  return warnings
}

/** A module and all that it imports, bundled and minified; what it loads later is left out and named. */
export async function bundle(path: string): Promise<{ code: string; later: readonly string[] }> {
  const later = new Set<string>()
  const leaveOut = {
    name: 'leave-out-what-is-loaded-later',
    resolveDynamicImport: (specifier: unknown) => {
      later.add(String(specifier))
      return { id: String(specifier), external: true }
    },
  }
  const built = await inProduction(() =>
    build({
      root: dirname(path),
      configFile: false,
      logLevel: 'silent',
      plugins: [leaveOut],
      // Of the formats of a library, the one that Vite minifies to the last space.
      build: { write: false, minify: true, lib: { entry: path, formats: ['iife'], name: 'attention' } },
    }),
  )
  const chunks = [built].flat().flatMap((result) => ('output' in result ? result.output : []))
  const code = chunks.map((part) => (part.type === 'chunk' ? part.code : '')).join('')
  return { code, later: [...later].sort() }
}

/** Vitest sets NODE_ENV, and Vite would then build for development. */
async function inProduction<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    return await work()
  } finally {
    process.env['NODE_ENV'] = before
  }
}
