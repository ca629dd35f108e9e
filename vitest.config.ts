import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'
import { SummaryReporter } from './test/summary-reporter.ts'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    globalSetup: ['test/setup.ts'],
    reporters: ['default', new SummaryReporter()],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // For two cores: half of the time a test waits, for a program, a disk or a moment, and others go on meanwhile.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
  },
})
