// The GLSL of kernels, got from gpu.js without a WebGL context.
import { expect, test } from 'vitest'
import { laidOut } from '../../compiler/targets/gpujs/glsl.ts'
import { programFrom } from '../../compiler/codegen/description.ts'
import { shadersOf } from '../../runtime/backends/gpujs/shaders.ts'
import { softmaxCells } from './programs.ts'

const shaders = await shadersOf(programFrom(softmaxCells(4, 3, true)))

test('a shader of each kernel, in full precision, with its buffers and integers', () => {
  expect(Object.keys(shaders)).toEqual(['scores', 'means'])
  expect(shaders['scores']).toMatch(/^#version 300 es\n/)
  expect(shaders['scores']).not.toMatch(/mediump|lowp|undefined|\[object/)
  const declared = [...shaders['means']!.matchAll(/uniform highp (sampler2D|int) user_(\w+);/g)]
  expect(declared.map(([, type, name]) => `${type} ${name}`)).toEqual([
    ...['scores', 'v', 'lengths', 'conv', 'projection', 'decay'].map((name) => `sampler2D ${name}`),
    ...['heads', 'kvHeads', 'length', 'keyLength', 'sliceStart', 'convLength'].map((name) => `int ${name}`),
  ])
})

test('laid out, it is the same text but for white space, a statement a line', () => {
  const text = shaders['means']!
  const laid = laidOut(text)
  const inked = (shader: string): string => shader.replaceAll(/\s+/g, '')
  expect(inked(laid)).toBe(inked(text))
  expect(laid.match(/^ *(user_numerator\+=.*|user_denominator\+=.*)$/gm)).toHaveLength(2)
  expect(laid).toContain('\n  for (int safeI=0;safeI<LOOP_MAX;safeI++){\n    if (')
  expect(laid.split('\n').filter((line) => line.trimEnd() !== line)).toEqual([])
})
