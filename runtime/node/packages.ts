// A generated module may lie anywhere, so a package is looked for from here first, as a dependency of what this
// file is part of, and then from the directory the program was started in.
import { builtin } from './builtin.ts'

/** Imports a package, or rejects with the error of Node.js that says why not. */
export async function importPackage(name: string): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name)
  } catch (notFromHere) {
    if (!isMissing(notFromHere)) throw notFromHere
    const path = resolveFromDirectory(name)
    if (path === undefined) throw notFromHere
    return await import(
      /* @vite-ignore */ /* webpackIgnore: true */ builtin('node:url').pathToFileURL(path).href
    )
  }
}

/** The path of a package's main file, or undefined where it is not installed. */
export function resolvePackage(name: string): string | undefined {
  return resolveFrom(import.meta.url, name) ?? resolveFromDirectory(name)
}

function resolveFromDirectory(name: string): string | undefined {
  return resolveFrom(builtin('node:path').join(process.cwd(), 'resolved-from-here.js'), name)
}

function resolveFrom(from: string, name: string): string | undefined {
  try {
    return builtin('node:module').createRequire(from).resolve(name)
  } catch {
    return undefined
  }
}

/** Whether an import failed since there is no such package, and not since it does not work. */
export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_MODULE_NOT_FOUND'
}
