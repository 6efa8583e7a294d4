// What `attnc explain` says of a claim, and `attnc run` of an estimate that is of no use.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Console } from './console.ts'

const claims = `feature half(x, w) = exp(dot(w, x) - dot(x, x))
attention right { dim: 4 kernel: exp(dot(q, k)) feature: favor projections: 16 }
attention wrong { dim: 4 kernel: exp(dot(q, k)) feature: half projections: 16 }
feature weighted(x, w) = relu(dot(w, x)) * norm(w)
attention open { dim: 4 kernel: dot(q, k) feature: weighted projections: 16 }
feature rectified(x, w) = query relu(dot(w, x)) key dot(w, x)
attention numeric { dim: 4 kernel: dot(q, k) / 2 feature: rectified projections: 16 }
attention defined { dim: 4 feature: favor projections: 16 }
attention polynomial { dim: 4 kernel: 1 + dot(q, k) + dot(q, k)^2 / 2 feature: taylor2 }
attention plain { dim: 4 kernel: exp(dot(q, k)) }`

let at: Console
beforeAll(() => {
  at = new Console({ 'claims.attn': claims })
})
afterAll(() => at.remove())

const explained = async (only: string, ...more: string[]): Promise<string> => {
  const { out, status } = await at.run([
    'explain',
    'claims.attn',
    '--only',
    only,
    '--stage',
    'claim',
    ...more,
  ])
  expect(status).toBe(0)
  return out
}

describe('attnc explain', () => {
  test('derives what is proved, step by step', async () => {
    const out = await explained('right')
    expect(out).toMatch(/verdict +proved/)
    const steps = ['w ~ N(0, I)', 'Completing the square', 'u = q + k', 'The same as the kernel']
    const places = steps.map((step) => out.indexOf(step))
    expect(places.every((place) => place > 0)).toBe(true)
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(out).toContain('(exp(4 * dot(q, k) + dot(q, q) + dot(k, k)) - exp(2 * dot(q, k))) / m')
  })

  test.each([
    [0.5, 0.1],
    [0.3, 0.02],
  ])('says how accurate rows of norm %f are, and how many projections %f takes', async (norm, deviation) => {
    const out = await explained('right', '--norms', String(norm), '--deviation', String(deviation))
    const [line = ''] = out.split('\n').filter((each) => each.trim().startsWith(`${norm} `))
    const [, across, along, needed] = line.trim().split(/ +/)
    // The relative variance of one projection is exp(|q + k|²) − 1.
    const single = (square: number): number => Math.expm1(square * norm ** 2)
    expect(Number(across)).toBeCloseTo(Math.sqrt(single(2) / 16), 3)
    expect(Number(along)).toBeCloseTo(Math.sqrt(single(4) / 16), 3)
    expect(Number(needed?.replaceAll(',', ''))).toBe(Math.ceil(single(2) / deviation ** 2))
  })

  test('says what a wrong feature estimates, and what is left to tests', async () => {
    expect(await explained('wrong')).toMatch(
      /refuted: the features estimate exp\(dot\(q, k\) - dot\(q, q\) \/ 2/,
    )
    expect(await explained('open')).toMatch(/not decided on paper: .attnc verify. tests it/)
    expect(await explained('numeric')).toMatch(
      /held: not proved, but integrated numerically\n.* it is the kernel, within \de-1\d of it at 17 of 17 pairs/,
    )
    expect(await explained('defined')).toMatch(
      /claim +none[^]*on average +E\[φ\(q\)·φ\(k\)\] = exp\(dot\(q, k\)\)/,
    )
    expect(await explained('polynomial')).toMatch(/What the features give[^]*The same as the kernel/)
    expect((await at.run(['explain', 'claims.attn', '--only', 'plain'])).out).not.toContain('the claim')
  })

  test('takes no norms that are not positive', async () => {
    const args = ['explain', 'claims.attn', '--only', 'right', '--norms', '1,-2']
    expect(await at.run(args)).toMatchObject({
      status: 2,
      err: expect.stringContaining('Expected a number above 0') as string,
    })
  })
})

test('attnc run says how many projections large rows take', async () => {
  const args = ['run', 'claims.attn', '--only', 'right', '--backend', 'reference', '--length', '32']
  const large = await at.run([...args, '--std', '1.5'])
  expect(large.out).toMatch(/no nearer than .*: it takes smaller rows, or some [\d,]+ projections/)
  const small = await at.run([...args, '--std', '0.4'])
  expect(small.out).toMatch(/right.* nearer than attending to every key alike/)
})
