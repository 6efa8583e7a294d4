/** How the JavaScript of a kernel reads and writes memory: `Cells`, or what answers to `read`. */

import type { ValueType } from '../kernel.ts'
import type { Frame } from './frame.ts'
import { names } from './text.ts'
import type { Text, WriteLoad } from './text.ts'

/** Memory of which a text knows no more than what it holds. */
export interface Readable {
  readonly lanes: 1 | 4
  readonly size: number
  /** A number, counted from the first of the memory. */
  read(frame: Frame, number: number): number
}

/** Loads by a call of `Readable`. */
export const writeCall: WriteLoad = (text, memory, lanes, index, type) =>
  placesOf(lanes, index, type).map(({ number }) =>
    text.keep(`${names.memory(memory)}.read(frame, ${number})`),
  )

/** Loads of `Cells`, whose bounds and races are looked at on the way. */
export const writeRead: WriteLoad = (text, memory, lanes, index, type) =>
  placesOf(lanes, index, type).map(({ element, number }, place) => {
    if (place === 0 || lanes === 1) {
      const at = text.keep(element)
      writeCheck(text, memory, at)
      text.line(`${names.races(memory)}?.read(frame, ${at});`)
    }
    return text.keep(`${names.values(memory)}[${number}]`)
  })

/** Stores of one number or four in `Cells`. */
export function writeWrite(
  text: Text,
  memory: string,
  lanes: 1 | 4,
  index: string,
  values: readonly string[],
): void {
  const type = values.length === 1 ? 'f32' : 'vec4f'
  for (const [place, { element, number }] of placesOf(lanes, index, type).entries()) {
    if (place === 0 || lanes === 1) {
      const at = text.keep(element)
      writeCheck(text, memory, at)
      text.line(`${names.races(memory)}?.write(frame, ${at});`)
    }
    text.line(`${names.values(memory)}[${number}] = ${values[place] ?? 'NaN'};`)
  }
}

function writeCheck(text: Text, memory: string, element: string): void {
  const cells = names.memory(memory)
  text.line(`if (!(${element} < ${names.size(memory)})) ${cells}.outside(frame, ${element});`)
}

/** The element of each number of an access, and the number's own place. */
function placesOf(
  lanes: 1 | 4,
  index: string,
  type: ValueType,
): readonly { readonly element: string; readonly number: string }[] {
  const four = type === 'vec4f'
  return (four ? [0, 1, 2, 3] : [0]).map((lane) => {
    const further = lane === 0 ? index : `${index} + ${lane}`
    if (lanes === 1) return { element: further, number: further }
    return four
      ? { element: index, number: `4 * ${index} + ${lane}` }
      : { element: `Math.floor(${index} / 4)`, number: index }
  })
}
