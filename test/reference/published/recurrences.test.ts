// Specs of recurrences against transcriptions of the published layers, token by token in float64 with a matrix as
// state: the naive forms of flash-linear-attention, the selective state update of Mamba-2, and RWKV-7's recurrence.
import { describe, expect, test } from 'vitest'
import { sized } from '../../numeric/small-specs.ts'
import { published } from './call.ts'
import type { PublishedCall } from './call.ts'
import {
  dot,
  l2norm,
  rmsnorm,
  sigmoid,
  silu,
  softmax,
  softplus,
  through,
  times,
  updated,
  zeros,
} from './rows.ts'
import type { Row } from './rows.ts'

const sizes = { batch: 2, heads: 2, kvHeads: 2, valueHeads: 4, length: 11 }
const heads = 4

interface Layer {
  readonly rows: readonly Row[]
  readonly state: readonly Row[]
}

/** Causal depthwise convolution of four rows with SiLU, weights [channel, 4], the last one the row's own. */
const convolved = (rows: readonly Row[], weight: Row): number[][] =>
  rows.map((row, t) =>
    row.map((_, c) =>
      silu(
        [0, 1, 2, 3].reduce((sum, s) => sum + (weight[c * 4 + s] ?? NaN) * (rows[t - 3 + s]?.[c] ?? 0), 0),
      ),
    ),
  )

/** The recurrence `token` over rows, from zeros. */
function recurrent(
  { q, v }: { readonly q: readonly Row[]; readonly v: readonly Row[] },
  token: (state: readonly Row[], t: number) => number[][],
): { o: number[][]; state: readonly Row[] } {
  let state: readonly Row[] = zeros(q[0]!.length, v[0]!.length)
  const o = q.map((row, t) => {
    state = token(state, t)
    return through(row, state)
  })
  return { o, state }
}

type Transcription = (call: PublishedCall, item: number, head: number) => Layer

/** fla.ops.gated_delta_rule.naive and fla.ops.kda.naive: S ← αS; S ← S + k (β(v − kᵀS))ᵀ; o = qᵀS / √dim. */
function deltaRule(
  call: PublishedCall,
  item: number,
  head: number,
  gate: (z: number) => number,
  alpha: (t: number) => number | Row,
): Layer {
  const filtered = (name: 'q' | 'k' | 'v') =>
    convolved(call.rows(name, item, head), call.weight(`short_conv_${name}`, head))
  const [q, k] = [filtered('q').map((x) => l2norm(x)), filtered('k').map((x) => l2norm(x))]
  const v = filtered('v')
  const beta = call.numbers('b', item, head).map(sigmoid)
  const { o, state } = recurrent({ q, v }, (before, t) => {
    const decayed = updated(
      before,
      alpha(t),
      k[t]!.map(() => 0),
      v[t]!,
    )
    const seen = through(k[t]!, decayed)
    return updated(
      decayed,
      1,
      k[t]!,
      v[t]!.map((entry, c) => beta[t]! * (entry - seen[c]!)),
    )
  })
  const [gain, z] = [call.weight('gain', head), call.rows('z', item, head)]
  const scale = 1 / Math.sqrt(call.model.dim)
  const rows = o.map((row, t) =>
    times(times(gain, rmsnorm(row.map((entry) => entry * scale))), z[t]!.map(gate)),
  )
  return { rows, state }
}

const layers: Readonly<Record<string, Transcription>> = {
  gated_deltanet: (call, item, head) => {
    const [a, [A], [dt]] = [call.numbers('a', item, head), call.weight('A', head), call.weight('dt', head)]
    return deltaRule(call, item, head, silu, (t) => Math.exp(-Math.exp(A!) * softplus(a[t]! + dt!)))
  },
  kda: (call, item, head) => {
    const [f, [A], dt] = [call.rows('f', item, head), call.weight('A', head), call.weight('dt', head)]
    return deltaRule(call, item, head, sigmoid, (t) =>
      f[t]!.map((entry, c) => Math.exp(-Math.exp(A!) * softplus(entry + dt[c]!))),
    )
  },
  gdn2: (call, item, head) => {
    const row = (name: string) => call.rows(name, item, head)
    const [q, k, v] = [row('q').map((x) => l2norm(x)), row('k').map((x) => l2norm(x)), row('v')]
    const [f, e, u, [A]] = [row('f'), row('e'), row('u'), call.weight('A', head)]
    const { o, state } = recurrent({ q, v }, (before, t) => {
      const decay = f[t]!.map((entry) => Math.exp(-Math.exp(A!) * softplus(entry)))
      const decayed = updated(
        before,
        decay,
        k[t]!.map(() => 0),
        v[t]!,
      )
      const erased = through(times(e[t]!, k[t]!), decayed)
      return updated(
        decayed,
        1,
        k[t]!,
        times(u[t]!, v[t]!).map((entry, c) => entry - erased[c]!),
      )
    })
    return { rows: o, state }
  },
  // mamba_ssm's selective_state_update: dt ← softplus(dt + bias); S ← S exp(dt·A) + dt B xᵀ; y = (CᵀS + D x) silu(z).
  mamba2: (call, item, head) => {
    const row = (name: string) => call.rows(name, item, head)
    const [q, k, v, z] = [row('q'), row('k'), row('v'), row('z')]
    const [[A], [bias], [D]] = [call.weight('A', head), call.weight('bias', head), call.weight('D', head)]
    const dt = call.numbers('dt', item, head).map((entry) => softplus(entry + bias!))
    const { o, state } = recurrent({ q, v }, (before, t) =>
      updated(
        before,
        Math.exp(dt[t]! * -Math.exp(A!)),
        k[t]!.map((entry) => dt[t]! * entry),
        v[t]!,
      ),
    )
    const rows = o.map((row, t) => row.map((entry, c) => (entry + D! * v[t]![c]!) * silu(z[t]![c]!)))
    return { rows, state }
  },
  // S ← S (diag(w) − κᵀ(a∘κ)) + vᵀk (Peng et al., 2025), with keys as the rows of S.
  rwkv7: (call, item, head) => {
    const row = (name: string) => call.rows(name, item, head)
    const [q, k, v, w, a, r] = ['q', 'k', 'v', 'w', 'a', 'r'].map(row) as [
      Row[],
      Row[],
      Row[],
      Row[],
      Row[],
      Row[],
    ]
    const { o, state } = recurrent({ q, v }, (before, t) =>
      before.map((_, f) =>
        before[f]!.map((entry, c) => {
          const removed = before.reduce((sum, other, g) => sum + r[t]![g]! * other[c]!, 0)
          return Math.exp(w[t]![f]!) * entry - a[t]![f]! * r[t]![f]! * removed + k[t]![f]! * v[t]![c]!
        }),
      ),
    )
    return { rows: o, state }
  },
  // fla.ops.gla.naive: gk = logsigmoid(g) / 16; S ← exp(gk) S + k vᵀ; o = qᵀS / √dim.
  gla: (call, item, head) => {
    const row = (name: string) => call.rows(name, item, head)
    const root = call.model.dim ** -0.25
    const scaled = (name: string): number[][] => row(name).map((x) => x.map((entry) => entry * root))
    const [q, k] = [scaled('q'), scaled('k')]
    const [v, g] = [row('v'), row('g')]
    const { o, state } = recurrent({ q, v }, (before, t) =>
      updated(
        before,
        g[t]!.map((entry) => Math.exp(Math.log(sigmoid(entry)) / 16)),
        k[t]!,
        v[t]!,
      ),
    )
    return { rows: o, state }
  },
}

describe.each(Object.entries(layers))('%s', (name, layer) => {
  const call = published(sized(name), sizes)
  const all = Array.from({ length: sizes.batch }, (_, item) =>
    Array.from({ length: heads }, (_, head) => layer(call, item, head)),
  ).flat()

  test('gives the rows of the published layer', () => {
    expect(
      apart(
        call.out,
        all.flatMap(({ rows }) => rows.flat()),
      ),
    ).toBeLessThan(1e-9)
  })

  test('leaves its state', () => {
    expect(
      apart(
        [...call.state],
        all.flatMap(({ state }) => state.flat()),
      ),
    ).toBeLessThan(1e-9)
  })
})

describe('without a state of its own', () => {
  const counts = { ...sizes, valueHeads: 2 }

  test('lightning: rows decay by each head’s slope', () => {
    const call = published(sized('lightning'), counts)
    const expected = pairs(call, 2, (head) => {
      const rate = Math.exp(-(2 ** ((-8 * (head + 1)) / 2)))
      const root = Math.sqrt(call.model.dim)
      const phi = (x: Row): number[] => x.map(silu)
      return (q, k, i, j) => (j > i ? 0 : (rate ** (i - j) * dot(phi(q), phi(k))) / root)
    })
    expect(apart(call.out, expected)).toBeLessThan(1e-9)
  })

  const grouped = { ...sizes, heads: 4, kvHeads: 2, valueHeads: 2 }

  test('a feature of both sides that sees what is of key heads takes grouped heads, and any number of them', () => {
    const call = published(
      'attention a { dim: 4 weights: w key scalar feature: w * x / heads mask: causal normalize: none }',
      grouped,
    )
    const expected = pairs(call, 4, (head) => {
      const [w = NaN] = call.weight('w', head)
      return (q, k, i, j) => (j > i ? 0 : (w / 4) ** 2 * dot(q, k))
    })
    expect(apart(call.out, expected)).toBeLessThan(1e-9)
    expect(() => published(sized('hedgehog'), grouped)).toThrow(
      'W: expected as many heads of k (2) and of v (2) as of q (4), since the features of a key see it; mark it key or shared',
    )
  })

  test.each([
    ['hedgehog', sized('hedgehog'), counts],
    [
      'hedgehog with a product for each key head',
      sized('hedgehog').replace('W matrix', 'W key matrix'),
      grouped,
    ],
  ])('%s: features are softmaxes of a learned product', (_, text, counts) => {
    const call = published(text, counts)
    const expected = pairs(
      call,
      counts.heads,
      (head) => {
        const W = call.weight('W', head)
        const phi = (x: Row): number[] => {
          const made = x.map((_, r) => dot(W.slice(r * x.length, (r + 1) * x.length), x))
          return [...softmax(made), ...softmax(made.map((entry) => -entry))]
        }
        return (q, k, i, j) => (j > i ? 0 : dot(phi(q), phi(k)))
      },
      true,
    )
    expect(apart(call.out, expected)).toBeLessThan(1e-9)
  })
})

/** Σ_j score(i, j) v_j of every row, divided by the sum of scores where it is asked for. */
function pairs(
  call: PublishedCall,
  count: number,
  scoreOf: (head: number) => (q: Row, k: Row, i: number, j: number) => number,
  normalised = false,
): number[] {
  const out: number[] = []
  for (let item = 0; item < sizes.batch; item++)
    for (let head = 0; head < count; head++) {
      const [q, k, v] = [call.rows('q', item, head), call.rows('k', item, head), call.rows('v', item, head)]
      const score = scoreOf(head)
      q.forEach((row, i) => {
        const weights = k.map((key, j) => score(row, key, i, j))
        const sum = normalised ? weights.reduce((all, weight) => all + weight, 0) : 1
        out.push(...through(weights, v).map((entry) => entry / sum))
      })
    }
  return out
}

/** The largest difference, relative to the size of what is expected. */
function apart(found: readonly number[], expected: readonly number[]): number {
  if (found.length !== expected.length) return Infinity
  const size = Math.sqrt(expected.reduce((sum, entry) => sum + entry * entry, 0) / expected.length)
  return Math.max(...found.map((entry, n) => Math.abs(entry - (expected[n] ?? NaN)))) / size
}
