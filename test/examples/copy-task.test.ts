// The copy task at a size of seconds: every attention learns, as the same model does with jax-js's own attention.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

interface Run {
  readonly name: string
  readonly losses: readonly number[]
}

const sizes = '--steps 80 --length 8 --layers 1 --width 32 --batch 16 --rate 1e-2 --later 1e-2'

test('each attention learns to copy, with the losses of the framework’s own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'attnc-copy-'))
  const program = fileURLToPath(new URL('../../examples/copy-task/train.mjs', import.meta.url))
  const out = join(folder, 'curves')
  execFileSync(process.execPath, [program, '--own', ...sizes.split(' '), '--out', out], { encoding: 'utf8' })
  const { runs } = JSON.parse(readFileSync(`${out}.json`, 'utf8')) as { runs: readonly Run[] }
  const picture = readFileSync(`${out}.svg`, 'utf8')
  rmSync(folder, { recursive: true })

  expect(runs.map(({ name }) => name)).toEqual(
    ['softmax', 'linear', 'performer'].flatMap((name) => [name, `${name}, jax-js's own`]),
  )
  const last = (losses: readonly number[]): number =>
    losses.slice(-10).reduce((sum, loss) => sum + loss / 10, 0)
  for (let n = 0; n < runs.length; n += 2) {
    const [ours, own] = [runs[n]!, runs[n + 1]!]
    expect([ours, own].map(({ losses }) => losses.length)).toEqual([80, 80])
    // A guess is worth log 10 = 2.3.
    expect(last(ours.losses)).toBeLessThan(2)
    const apart = ours.losses.map((loss, step) => Math.abs(loss - own.losses[step]!))
    expect(Math.max(...apart)).toBeLessThan(0.02)
    expect(picture).toContain(`>${ours.name}</text>`)
  }
  expect(picture.match(/<polyline/g)).toHaveLength(6)
  expect(picture).not.toMatch(/NaN|undefined/)
})
