/** The tensors that a caller gives beside q, k and v, where an attention has some: by name, one set a query head. */

/** In the order in which they are listed and, where they are made up, drawn. */
export const weightNames = ['landmarks', 'queryLandmarks', 'conv', 'compressKeys', 'compressValues'] as const

/** The name of such a tensor. */
export type WeightName = (typeof weightNames)[number]

/** What serves for queries, or for values, where no set of their own is given. */
export const stand: Readonly<Partial<Record<WeightName, WeightName>>> = {
  queryLandmarks: 'landmarks',
  compressValues: 'compressKeys',
}
