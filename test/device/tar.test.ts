import { expect, test } from 'vitest'
import { readTar } from '../../runtime/backends/webgpu/node/tar.ts'

interface Entry {
  readonly name: string
  readonly content: string
  readonly kind?: string
}

/** A ustar archive as `tar` writes it: headers and contents in blocks of 512 bytes, and two empty blocks. */
function tarOf(entries: readonly Entry[]): Uint8Array {
  const blocks = entries.map(({ name, content, kind = '0' }) => {
    const bytes = new TextEncoder().encode(content)
    const block = new Uint8Array(512 + Math.ceil(bytes.length / 512) * 512)
    const put = (text: string, at: number): void => block.set(new TextEncoder().encode(text), at)
    put(name, 0)
    put(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
    put(kind, 156)
    put('ustar', 257)
    block.set(bytes, 512)
    return [...block]
  })
  return Uint8Array.from([...blocks.flat(), ...new Uint8Array(1024)])
}

test('regular files come by name, of any length, and nothing else', () => {
  const archive = tarOf([
    { name: 'empty', content: '' },
    { name: 'folder', content: '', kind: '5' },
    { name: 'block', content: 'b'.repeat(512) },
    { name: 'longer', content: 'é'.repeat(500) },
  ])
  const files = [...readTar(archive)].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)])
  expect(files).toEqual([
    ['empty', ''],
    ['block', 'b'.repeat(512)],
    ['longer', 'é'.repeat(500)],
  ])
})

test('an archive that is cut short is refused', () => {
  const archive = tarOf([{ name: 'driver.so', content: 'x'.repeat(2000) }])
  expect(() => readTar(archive.subarray(0, 1024))).toThrow('damaged at "driver.so"')
})
