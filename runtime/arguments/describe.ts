/** Values as error messages show them, and tests of their kind that hold across realms. */

/** The name of a value's class. */
export const tag = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1)

export const isFloat32Array = (value: unknown): value is Float32Array =>
  ArrayBuffer.isView(value) && tag(value) === 'Float32Array'

/** By what it does, so that a wrapped buffer counts. */
export const isBuffer = (value: unknown): value is GPUBuffer =>
  (value as Partial<GPUBuffer> | null | undefined)?.mapAsync !== undefined

/** What came, in a few words: `a Float64Array`, `'8'`, `nothing`. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'object' && value !== null)
    // By ear: a Uint8Array and a URL, an Array and an SVGElement.
    return `${/^([AEIO]|[FHLMNRSX][A-Z])/.test(tag(value)) ? 'an' : 'a'} ${tag(value)}`
  if (typeof value === 'function') return 'a function'
  const primitive = value as number | bigint | boolean | symbol | null
  return String(primitive)
}

/** Refuses members that nobody reads, which are most often misspelt. */
export function refuseUnknown(where: string, given: object, known: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (!known.includes(key))
      throw new TypeError(
        `${where} does not know '${key}'. It takes ${known.length === 0 ? 'nothing' : known.join(', ')}.`,
      )
  }
}

export function requireObject(
  where: string,
  value: unknown,
  example = '{ q, k, v, length: 128 }',
): asserts value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${where} takes an object, such as ${example}; it was given ${describe(value)}.`)
  }
}
