/**
 * The numbers behind the names of WebGPU's flags, whose globals are missing outside browsers. Each has a name of its own,
 * since bundlers put numbers in the place of names, and not of an object's members.
 */

/** Usages of buffers, which are added with `|`. */
export const COPY_SRC = 0x4
export const COPY_DST = 0x8
export const UNIFORM = 0x40
export const STORAGE = 0x80
export const QUERY_RESOLVE = 0x200

/** A usage of buffers, and the mode in which they are mapped. */
export const MAP_READ = 0x1
export const COMPUTE_STAGE = 4

/** Bytes between the shapes of two slices in one buffer: the alignment that every device grants. */
export const SHAPE_STRIDE = 256
