// What `explain --stage gradients` says of gradients, and of those by parameters.
import { expect, test } from 'vitest'
import { gradientsInWords } from '../../compiler/cli/explain/gradients.ts'
import { cellPlanner } from '../../compiler/schedule/cells/planner.ts'
import { compileOne } from '../numeric/harness.ts'

const sizes = { length: 100, heads: 2 }
const words = (settings: string): string =>
  gradientsInWords(compileOne(`attention a { dim: 4 ${settings} }`).algebra, cellPlanner, sizes)

test('passes that only gradients by a parameter need stand apart', () => {
  const [plain = '', more = ''] = words('feature: favor projections: 5').split("With wrt: ['projection']")
  expect(plain).toMatch(
    /pass \d+ query_gradient: .*Memory beside the tensors, of 2 heads and 100 rows: [\d.]+ MiB/s,
  )
  expect(plain).not.toContain('dprojection')
  expect(more).toMatch(/^ there are these passes, too, and the memory is [\d.]+ MiB:/)
  expect(more).toContain('dprojection: output, f32 [5, 4]')
  expect(more).toContain('add_projection_gradient: the gradient of the projection')
  expect(more).not.toContain('query_gradient')
})

test('weights are named, and what has none says nothing of them', () => {
  const landmarks = words('kernel: exp(dot(q, k)) landmarks: 3 learned pinv: 2')
  expect(landmarks).toMatch(/With wrt: \['weights'\].*add_landmarks_gradient/s)
  // The inverse of matrices that are given sends nothing back to q, k and v.
  expect(landmarks).toMatch(/With wrt: .*apply_inverse_again to add_core_gradient: 2 times/s)
  expect(words('kernel: exp(dot(q, k))')).not.toContain('wrt')
  expect(words('kernel: exp(sum(tanh(q + k)))')).toMatch(/^No gradients, since the derivative of its kernel/)
})
