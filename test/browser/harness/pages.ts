import { fileURLToPath } from 'node:url'

/** The folder of the tests' own pages. */
export const pagesFolder = fileURLToPath(new URL('../pages', import.meta.url))
