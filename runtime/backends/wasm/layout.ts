/**
 * The first page of the memory: words of 32 bits by which threads share their work, at these places. It is told to
 * workers as text, too.
 */
export const layout = {
  /** Counts the lists of dispatches so far; workers sleep on it. */
  lists: 0,
  /** Workers that are at a list, or about to see that there is none. */
  active: 1,
  /** 1 while workers may join. */
  open: 2,
  /** 1 once a thread has failed at the list. */
  failed: 3,
  /** How many more workers may take part. */
  places: 11,
  /** 1 where the last worker to leave says so by a message, since the main thread may not wait. */
  announces: 4,
  /** The number of the module, and the byte address and length of its bytes. */
  module: 5,
  moduleAddress: 6,
  moduleBytes: 7,
  /** How many dispatches there are. */
  dispatches: 8,
  /** The byte address of the scratch of the first thread, and the bytes of each. */
  scratch: 9,
  scratchBytes: 10,

  /** A table for each thread, which it writes before it calls a kernel: first that of the main one. */
  tables: 16,
  tableWords: 64,
  /** Threads of a call at the most: all workers where the main thread may do nothing but wait for them. */
  threads: 32,

  /** The dispatches in order, each with the words below. */
  entries: 16 + (32 + 1) * 64,
  entryWords: 72,
  kernel: 0,
  workgroups: 1,
  /** Workgroups to be taken at once. */
  grain: 2,
  /** How many have been taken, from the last one down; may be more than there are. */
  taken: 3,
  done: 4,
  /** Words of the table, which follows; whoever runs the kernel writes the last of them. */
  size: 5,
  table: 8,

  /** All of them. */
  words: 2 ** 14,
} as const

/** Dispatches in a list at the most. */
export const mostDispatches = Math.floor((layout.words - layout.entries) / layout.entryWords)
