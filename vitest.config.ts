import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'
import { SummaryReporter } from './test/summary-reporter.ts'

// What is decided in memory leaves nothing behind in its process: its files of tests share one, and need not load the same
// modules a hundred times over.
const SHARING = ['src/{domain,harnesses,control}/**/*.test.ts']

export default defineConfig({
  test: {
    reporters: ['default', new SummaryReporter()],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // A busy machine may take a while to come to what is waited for.
    expect: { poll: { timeout: 20_000 } },
    // For two cores: half of the time a test waits, for a program, a disk or a moment, and others go on meanwhile.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'programs',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...SHARING],
          globalSetup: ['test/setup.ts'],
        },
      },
      { extends: true, test: { name: 'decisions', include: SHARING, isolate: false } },
    ],
  },
})
