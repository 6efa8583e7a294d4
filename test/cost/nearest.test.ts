// Which profile stands for a device that an adapter describes.
import { expect, test } from 'vitest'
import { inWords, profileFor } from '../../compiler/cost/nearest.ts'

test.each([
  ['nvidia hopper NVIDIA H200', 'h200', 'itself'],
  ['nvidia lovelace NVIDIA GeForce RTX 4060 Laptop GPU', 'rtx4060laptop', 'itself'],
  ['NVIDIA GeForce RTX 4090', 'rtx4090', 'itself'],
  ['apple metal-3 Apple M2', 'm2', 'itself'],
  ['Adreno (TM) 740', 'adreno740', 'itself'],
  ['NVIDIA H100 PCIe', 'h200', 'nearest'],
  ['nvidia ampere NVIDIA A100-SXM4-40GB', 'h200', 'nearest'],
  ['NVIDIA GeForce RTX 4090 Laptop GPU', 'rtx4060laptop', 'nearest'],
  ['NVIDIA GeForce RTX 3080', 'rtx4090', 'nearest'],
  ['nvidia', 'rtx4090', 'nearest'],
  ['apple metal-3 Apple M2 Max', 'm2', 'nearest'],
  ['qualcomm adreno-6xx', 'adreno740', 'nearest'],
  ['arm valhall Mali-G715', 'adreno740', 'nearest'],
  ['intel xe-lpg', 'rtx4060laptop', 'nearest'],
  ['WebGPU device', 'rtx4060laptop', 'nearest'],
  ['google swiftshader SwiftShader Device (LLVM 16.0.0)', 'rtx4060laptop', 'none'],
  ['mesa software-rasterizer llvmpipe (LLVM 15.0.6, 256 bits)', 'rtx4060laptop', 'none'],
] as const)('%s: %s, %s', (words, profile, likeness) => {
  expect(profileFor(words, false)).toMatchObject({ profile, likeness })
})

test('a processor is known by the flag of its adapter, too', () => {
  expect(profileFor('nvidia', true).likeness).toBe('none')
})

test('what is said names the profile, and does not pass it off as the device', () => {
  expect(inWords(profileFor('Apple M2', false), 'Apple M2')).toMatch(/Apple M2, 10 cores$/)
  expect(inWords(profileFor('Apple M3', false), 'Apple M3')).toMatch(/M2, 10 cores, the nearest to Apple M3/)
  expect(inWords(profileFor('SwiftShader', false), 'SwiftShader')).toMatch(/no profile of a processor/)
})
