// Apps built by Vite with its defaults, as users build theirs.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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
  // Vitest sets it, and Vite then builds for development.
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    await build({
      root,
      base: '/app/',
      configFile: false,
      logLevel: 'warn',
      customLogger: { ...createLogger('silent'), warn: keep, warnOnce: keep, error: keep },
      build: { outDir, emptyOutDir: true, rolldownOptions: { input: join(root, input) } },
    })
  } finally {
    process.env['NODE_ENV'] = before
  }
  return warnings
}
