/** The sizes of a call, checked and filled in. */
import type { Shape } from '../contract/shape.ts'
import { describe } from './describe.ts'

/** `length` has no default; the others follow from one another. */
export const sizeNames = ['length', 'keyLength', 'batch', 'heads', 'kvHeads'] as const

export type CallSizes = Omit<Shape, 'chunks' | 'sliceStart' | 'sliceCount'>

/** What a call may say of its sizes. */
export const sizeMembers: readonly string[] = [...sizeNames, 'layout']

export function checkSizes(where: string, given: Readonly<Record<string, unknown>>): CallSizes {
  const size = (name: (typeof sizeNames)[number], otherwise?: number): number => {
    const { [name]: value = otherwise } = given
    if (typeof value !== 'number') {
      throw new TypeError(`${where}: ${name} must be a number; it is ${describe(value)}.`)
    }
    if (!Number.isInteger(value) || value < 1 || value > 0xffff_ffff) {
      throw new RangeError(`${where}: ${name} must be a positive integer below 2³²; it is ${value}.`)
    }
    return value
  }
  const length = size('length')
  const keyLength = size('keyLength', length)
  const batch = size('batch', 1)
  const heads = size('heads', 1)
  const kvHeads = size('kvHeads', heads)
  if (heads % kvHeads !== 0) {
    throw new RangeError(`${where}: heads must be a multiple of kvHeads; they are ${heads} and ${kvHeads}.`)
  }
  const { layout = 'bhld' } = given
  if (layout !== 'bhld' && layout !== 'blhd')
    throw new TypeError(`${where}: layout must be 'bhld' or 'blhd'; it is ${describe(layout)}.`)
  const inside = layout === 'blhd' || undefined
  return { batch, heads, kvHeads, length, keyLength, offset: 0, capacity: keyLength, inside }
}
