/** A size of a call, as a reader writes it. */
import type { Size } from '../../runtime/contract/size.ts'

/** Infix, with `⌈a / b⌉` for a division that rounds up. */
export function printSize(size: Size): string {
  if (!Array.isArray(size)) return String(size)
  const [operator, left, right] = size as readonly [string, Size, Size]
  switch (operator) {
    case 'ceildiv':
      return `⌈${printSize(left)} / ${printSize(right)}⌉`
    case 'max':
      return `max(${printSize(left)}, ${printSize(right)})`
    case '+':
      return `(${printSize(left)} + ${printSize(right)})`
    default:
      return `${printSize(left)} · ${printSize(right)}`
  }
}
