import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/setup/longest-first.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Each file has a process of its own: Dawn keeps devices alive for as long as the process lives,
    // and the Vulkan driver is chosen once per process.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // A large shader takes seconds to compile on a software device.
    testTimeout: 900_000,
    hookTimeout: 300_000,
    teardownTimeout: 10_000,
    globalSetup: ['test/setup/global.ts'],
  },
})
