import { readFile } from 'node:fs/promises';
import { runScript } from '@prunella/promql';
import type { Command } from '../command.ts';
import { UsageError } from '../flags.ts';

export const command: Command = {
  name: 'test promql',
  summary: 'runs PromQL test scripts (upstream’s .test files)',
  help: `prunella test promql FILE…

Runs each file on an empty storage in memory. Prints a line per failing case and "N passed, N failed" at the end.
Exit code: 0 all passed, 1 some failed, 2 a file cannot be read.`,
  run: async (args, io) => {
    if (args.length === 0) throw new UsageError('expected at least one FILE');
    let passed = 0;
    let failed = 0;
    for (const file of args) {
      let text: string;
      try {
        text = await readFile(file, 'utf8');
      } catch (error) {
        io.err(`prunella test promql: ${file}: ${(error as Error).message}`);
        return 2;
      }
      const report = await runScript(text);
      passed += report.passed;
      failed += report.failures.length;
      for (const { line, expr, reason } of report.failures)
        io.out(`FAIL ${file}:${line} ${expr}: ${reason.replaceAll('\n', ' ')}`);
    }
    io.out(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  },
};
