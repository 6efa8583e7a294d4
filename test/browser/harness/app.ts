// An app that imports a compiled module, built by Vite with its defaults.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, createLogger } from 'vite'
import { pagesFolder } from './pages.ts'

const page =
  '<!doctype html><html lang="en"><title>app</title><script type="module" src="./app.js"></script></html>'

/**
 * Writes the app beside the modules of a folder and builds it into `app/` there.
 *
 * @param module relative to the folder
 * @returns what Vite had to say against it
 */
export async function buildApp(folder: string, module: string): Promise<string[]> {
  const warnings: string[] = []
  const keep = (message: string): void => void warnings.push(message)
  const logger = { ...createLogger('silent'), warn: keep, warnOnce: keep, error: keep }
  // The pages' own program, with the module imported by name as an app does.
  const run = (await readFile(join(pagesFolder, 'run.mjs'), 'utf8')).replace(
    'import(module)',
    `import('${module}')`,
  )
  await writeFile(join(folder, 'run.js'), run)
  await writeFile(join(folder, 'app.js'), "import { run } from './run.js'\nglobalThis.runHere = run\n")
  await writeFile(join(folder, 'index.html'), page)
  await build({
    root: folder,
    base: '/app/',
    configFile: false,
    logLevel: 'warn',
    customLogger: logger,
    build: { outDir: 'app', emptyOutDir: true },
  })
  return warnings
}
