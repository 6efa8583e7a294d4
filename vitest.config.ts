import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/setup/longest-first.ts'

/**
 * Folders whose files leave their process as it was, and so may share one, which loads the compiler once and opens
 * each device once.
 */
const together = [
  'algebra',
  'architecture',
  'cells',
  'cost',
  'diagnostics',
  'golden',
  'kernel',
  'numeric',
  'projection',
  'reference',
  'schedule',
  'semantics',
  'symbolic',
  'syntax',
  'verification',
].map((folder) => `test/${folder}/*.test.ts`)

const usual = {
  pool: 'forks',
  maxWorkers: 2,
  // A large shader takes seconds to compile on a software device.
  testTimeout: 900_000,
  hookTimeout: 300_000,
} as const

export default defineConfig({
  test: {
    ...usual,
    teardownTimeout: 10_000,
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/setup/global.ts'],
    projects: [
      { test: { ...usual, name: 'together', include: together, isolate: false } },
      {
        test: {
          ...usual,
          // Each file has a process of its own: Dawn keeps devices alive for as long as the process lives.
          name: 'apart',
          include: ['test/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...together],
        },
      },
    ],
  },
})
