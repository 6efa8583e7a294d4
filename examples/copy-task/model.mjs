// A causal transformer in jax-js, cut at its attentions: `partsOf` gives what is between them.
import { normals, words } from './task.mjs'

/** The same numbers for the same seed and sizes. */
export function parametersOf({ numpy: np }, { length, width, layers }, seed) {
  const normal = normals(seed)
  const matrix = (rows, columns, deviation = rows ** -0.5) =>
    np.array(
      Float32Array.from({ length: rows * columns }, () => normal() * deviation),
      { shape: [rows, columns] },
    )
  return {
    words: matrix(words, width, 0.5),
    places: matrix(length, width, 0.5),
    layers: Array.from({ length: layers }, () => ({
      qkv: matrix(width, 3 * width),
      out: matrix(width, width),
      up: matrix(width, 4 * width),
      down: matrix(4 * width, width),
    })),
    head: matrix(width, words),
  }
}

/**
 * One part before the first attention, one between each two, and one from the last to the loss: the mean negative log
 * probability of a copied symbol. All arguments of a part are used up, as functions of jax-js do.
 */
export function partsOf(jax, { batch, length, width, layers, heads }) {
  const { numpy: np, nn, tree } = jax
  const split = (rows) => rows.reshape([batch, length, heads, width / heads]).transpose([0, 2, 1, 3])
  const join = (rows) => rows.transpose([0, 2, 1, 3]).reshape([batch, length, width])
  const towards = (rest, { qkv, ...others }) => {
    tree.dispose(others)
    const [q, k, v] = np.split(np.matmul(nn.standardize(rest.ref), qkv), 3, -1).map(split)
    return { q, k, v, rest }
  }
  const onwards = ({ out: rows, rest }, { qkv, out, up, down }) => {
    qkv.dispose()
    const attended = rest.add(np.matmul(join(rows), out))
    return attended.ref.add(np.matmul(nn.relu(np.matmul(nn.standardize(attended), up)), down))
  }
  const last = layers - 1
  /** What of the parameters a part needs; the rest is let go. */
  const only = (params, use) => {
    const result = use(tree.ref(params))
    tree.dispose(params)
    return result
  }
  const first = (params, _, { tokens, next, counts }) => {
    tree.dispose([next, counts])
    return only(params, ({ words, places, layers: [layer, ...others], head }) => {
      tree.dispose([others, head])
      return towards(np.matmul(tokens, words).add(places), layer)
    })
  }
  const between = (index) => (params, carried, data) => {
    tree.dispose(data)
    return only(params, ({ layers: all, ...others }) => {
      tree.dispose([others, all.filter((_, n) => n !== index && n !== index + 1)])
      return towards(onwards(carried, all[index]), all[index + 1])
    })
  }
  const end = (params, carried, { tokens, next, counts }) => {
    tokens.dispose()
    return only(params, ({ layers: all, head, words, places }) => {
      tree.dispose([words, places, all.slice(0, last)])
      const scores = np.matmul(nn.standardize(onwards(carried, all[last])), head)
      const losses = nn.logSoftmax(scores).mul(next).sum(-1).mul(counts.ref)
      return losses.sum().neg().div(counts.sum())
    })
  }
  return [first, ...Array.from({ length: last }, (_, index) => between(index)), end]
}
