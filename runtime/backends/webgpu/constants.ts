/** The numbers behind the names of WebGPU's flags, whose globals are missing outside browsers. */

export const BufferUsage = {
  MAP_READ: 0x1,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
  QUERY_RESOLVE: 0x200,
} as const

export const MAP_READ = 1
export const COMPUTE_STAGE = 4

/** Bytes between the shapes of two slices in one buffer: the alignment that every device grants. */
export const SHAPE_STRIDE = 256
