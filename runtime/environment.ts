/** Where the runtime runs. */

/** What may or may not be there, in browsers, workers and versions of Node.js. */
interface Surroundings {
  readonly navigator?: { readonly gpu?: GPU }
  readonly process?: { readonly versions?: { readonly node?: string } }
}

const surroundings = (): Surroundings => globalThis

export const builtInGpu = (): GPU | undefined => surroundings().navigator?.gpu

export const inNode = (): boolean => surroundings().process?.versions?.node !== undefined
