// `stabilize: max` of exponentials that are bounded, or within a function that is, as the float64 reference has it.
import { describe, expect, test } from 'vitest'
import { compile, targets } from '../../compiler/index.ts'
import { build, understand } from '../../compiler/pipeline.ts'
import { runPasses } from '../../compiler/verification/execution/run-passes.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { expected, full, relativeError, tensors } from '../numeric/harness.ts'

const sizes = { length: 6, heads: 2 }

describe.each(targets)('%s', (target) => {
  test.each([
    'exp(sin(dot(w, x)))',
    'tanh(exp(dot(w, x) - dot(x, x) / 2))',
    'cosh(dot(w, x))',
    'exp(dot(x, x) / 9)',
    'relu(dot(w, x)) + sum(exp(x))',
  ])('%s', (body) => {
    const text = `feature f(x, w) = ${body} attention a { dim: 3 feature: f projections: 5 stabilize: max 0.01 }`
    const source = { file: 'test.attn', text }
    const { tree, checked } = understand(source)
    const [model] = checked.attentions
    const built = build(model!, tree, target)
    if ('unsupported' in built) throw new Error(built.unsupported)
    const inputs = tensors(built, sizes, 5, 0.5)
    const found = runPasses(built, {
      call: { ...inputs, ...full(sizes) },
      kept: { projection: drawProjection(built.program.projection!) },
      races: false,
    })
    expect(relativeError(found, expected(built, sizes, inputs))).toBeLessThan(1e-5)
  })

  test.each(['dot(softmax(w), x)', 'sum(exp(w * x))', 'relu(dot(w, softmax(x)))'])('not of %s', (body) => {
    const text = `feature f(x, w) = ${body} attention a { dim: 3 feature: f projections: 5 stabilize: max 0.01 }`
    const { modules, diagnostics } = compile(text, { target })
    expect(modules).toEqual([])
    expect(diagnostics.map(({ message }) => message).join()).toContain('stabilize: max and a softmax')
  })
})
