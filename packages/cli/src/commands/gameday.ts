import { parseGameday, reportLines, runGameday } from '@prunella/healing';
import { systemClock } from '@prunella/metrics';
import { ConfigError } from '@prunella/metrics/config';
import { createHttpClient } from '@prunella/metrics/http';
import { fillPlaceholders } from '@prunella/workloads';
import type { Command } from '../command.ts';
import { describeFlags, parseFlags, UsageError, type Flags } from '../flags.ts';
import { gamedayPorts } from '../gameday/client.ts';
import { readConfigFile } from '../serve/configuration.ts';

const flags = {
  url: { kind: 'text', default: 'http://127.0.0.1:9090', help: 'Where Prunella is.' },
  format: { kind: 'text', default: 'table', help: 'table or json.' },
} as const satisfies Flags;

export const command: Command = {
  name: 'gameday',
  summary: 'injects faults, and reports whether each was detected, told and healed, and how fast',
  help: `Usage: prunella gameday FILE

Injects the file's faults one after the other into a running system, each only into a steady state, undoes each, and
watches Prunella's incidents. Exit code 1 if anything was not as the file expects. \${VAR:-default} is filled in.

${describeFlags(flags)}`,
  async run(args, io) {
    const { values, positionals } = parseFlags(flags, args, { positionals: true });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError('exactly one file is needed');
    const plan = parseGameday(fillFrom(await readConfigFile(file), file, io.env), file);
    const client = createHttpClient({}, { env: io.env });
    try {
      const ports = gamedayPorts(values.url, client, systemClock, io.err);
      // Timers do not keep a process alive.
      const alive = setInterval(() => {}, 1 << 30);
      const results = await runGameday(plan, ports, io.signal).finally(() => clearInterval(alive));
      if (values.format === 'json') io.out(JSON.stringify({ name: plan.name, results }, undefined, 2));
      else for (const line of reportLines(results)) io.out(line);
      return results.every((result) => result.verdict === 'passed') ? 0 : 1;
    } finally {
      client.close();
    }
  },
};

function fillFrom(text: string, file: string, env: Readonly<Record<string, string | undefined>>): string {
  try {
    return fillPlaceholders(text, env, 1);
  } catch (error) {
    throw new ConfigError([{ file, line: 0, column: 0, message: (error as Error).message }]);
  }
}
