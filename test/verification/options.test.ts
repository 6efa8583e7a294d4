// What callers of the library pass is checked as words of the command line are.
import { describe, expect, test } from 'vitest'
import { check, compile, format, parse, reference, verify } from '../../compiler/index.ts'

const spec = 'attention exact { dim: 4 kernel: exp(dot(q, k)) mask: causal }'

/** As a program without types calls it. */
type Loose = (...given: readonly unknown[]) => unknown
const functions = { compile, check, parse, format, verify } as unknown as Readonly<Record<string, Loose>>

async function problemOf(name: string, ...given: readonly unknown[]): Promise<unknown> {
  try {
    await functions[name]?.(...given)
    return undefined
  } catch (problem) {
    return problem
  }
}

describe.each(Object.keys(functions))('%s', (name) => {
  test.each([
    ['no text', undefined],
    ['null', null],
    ['bytes', new Uint8Array(3)],
  ])('refuses %s', async (_, text) => {
    const problem = await problemOf(name, text)
    expect(problem).toBeInstanceOf(TypeError)
    expect(String(problem)).toMatch(
      /the text of a spec: expected a string, found (nothing|null|an? Uint8Array)/,
    )
  })

  test.each([
    ['null', null],
    ['a word', 'webgpu'],
    ['a list', []],
  ])('refuses %s for options', async (_, options) => {
    const problem = await problemOf(name, spec, options)
    expect(problem).toBeInstanceOf(TypeError)
    expect(String(problem)).toContain(`${name}: expected an object of options (file`)
  })

  test('refuses members that it does not read, and names the nearest', async () => {
    const problem = await problemOf(name, spec, { flie: 'a.attn' })
    expect(problem).toBeInstanceOf(TypeError)
    expect(String(problem)).toContain("found 'flie'; did you mean 'file'?")
    expect(await problemOf(name, spec, { constructor: 1 })).toBeInstanceOf(TypeError)
    expect(await problemOf(name, spec, { file: 7 })).toMatchObject({
      message: 'file: expected a string, found 7',
    })
  })
})

test.each([
  ['compile', { tagret: 'gpujs' }, TypeError, "found 'tagret'; did you mean 'target'?"],
  [
    'compile',
    { target: 'webgp' },
    RangeError,
    "'webgpu' or 'wasm' or 'gpujs', found 'webgp'; did you mean 'webgpu'?",
  ],
  ['compile', { target: 3 }, TypeError, 'found 3'],
  ['compile', { only: 'exakt' }, RangeError, "found 'exakt'; did you mean 'exact'?"],
  ['compile', { only: ['exact'] }, TypeError, 'only: expected a string, found an Array'],
  ['verify', { property: 'unbaised' }, RangeError, "found 'unbaised'; did you mean 'unbiased'?"],
  ['verify', { runs: 0 }, RangeError, 'runs: expected a whole number from 1, found 0'],
  ['verify', { runs: -5 }, RangeError, 'found -5'],
  ['verify', { runs: Number.NaN }, RangeError, 'found NaN'],
  ['verify', { runs: 2.5 }, RangeError, 'found 2.5'],
  ['verify', { runs: Infinity }, RangeError, 'found Infinity'],
  ['verify', { runs: '20' }, TypeError, 'found "20"'],
  ['verify', { seed: -1 }, RangeError, 'seed: expected a whole number from 0, found -1'],
  ['verify', { seed: null }, TypeError, 'found null'],
  [
    'verify',
    { backend: 'zz' },
    RangeError,
    "backend: expected 'webgpu' or 'wasm' or 'gpujs' or 'reference', found 'zz'",
  ],
  ['verify', { device: 'gpu' }, TypeError, 'device: expected a GPUDevice'],
  ['verify', { onProgress: true }, TypeError, 'onProgress: expected a function, found true'],
  ['verify', { path: '0:1' }, RangeError, 'path: expected the property'],
  ['verify', { only: 'exakt' }, RangeError, "found 'exakt'; did you mean 'exact'?"],
] as const)('%s refuses %o', async (name, options, kind, message) => {
  const problem = await problemOf(
    name,
    spec,
    name === 'verify' ? { backend: 'reference', ...options } : options,
  )
  expect(problem).toBeInstanceOf(kind)
  expect(String(problem)).toContain(message)
})

test('members that are undefined are as if they were not there', async () => {
  expect(compile(spec, { target: undefined, only: undefined } as object).modules).toHaveLength(1)
})

test('the reference refuses a name and a call that are none', () => {
  const loose = reference as unknown as (...given: readonly unknown[]) => (inputs?: unknown) => unknown
  expect(() => loose(spec, 3)).toThrow(TypeError)
  expect(() => loose(spec, 'exakt')).toThrow(/did you mean 'exact'/)
  expect(() => loose(spec, 'exact')()).toThrow(TypeError)
  expect(() => loose(spec, 'exact')()).toThrow(/takes an object/)
})
