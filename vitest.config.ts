import { defineConfig } from 'vitest/config';

// Tests run the TypeScript sources: every package exports a `source` condition beside its built files.
const conditions = ['source', 'module', 'node', 'development|production'];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: conditions } };

/** Real processes on a shared machine: in CI, what fails once and not twice is the machine's. */
const retry = process.env.CI ? 1 : 0;

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['{packages,apps}/*/src/**/*.test.{ts,tsx}', 'test/tidy/*.test.ts'],
          // Processes, for some tests read /proc of their own; more than cores, for some wait for processes they start.
          pool: 'forks',
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
          isolate: false,
          retry,
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          // What crosses packages: real peers, real browsers, the whole process. Two files at a time: much of
          // it is waiting, and more would disturb those that watch clocks.
          name: 'system',
          include: ['test/{conformance,peers,browser,acceptance,simulation}/**/*.test.ts', 'test/*.test.ts'],
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          retry,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
