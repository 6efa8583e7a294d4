/** Packages that are loaded only where they are used, by names that bundlers do not follow: a page that never asks carries none. */
import { inNode } from './environment.ts'

/** Rejects with the error of the platform where the package is not there. */
export async function loadPackage(name: string): Promise<unknown> {
  if (inNode()) return (await import('./node/packages.ts')).importPackage(name)
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name)
}
