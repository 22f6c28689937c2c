import { loadConfig, loadTemplates, type Configuration } from '@prunella/alertmanager';
import { ConfigError, formatProblem } from '@prunella/metrics/config';
import type { Command } from '../command.ts';
import { parseFlags, UsageError, type Flags } from '../flags.ts';
import { readConfigFile } from '../serve/configuration.ts';

const flags = {
  portable: { kind: 'switch', help: 'What Alertmanager itself would not accept is an error.' },
} as const satisfies Flags;

export const command: Command = {
  name: 'check alertmanager',
  summary: 'validates alertmanager.yml',
  help: `Usage: prunella check alertmanager [--portable] FILE…

Names file, line and remedy of everything that is wrong; exit code 1 if anything is.

  --portable   what Alertmanager itself would not accept is an error too`,
  async run(args, io) {
    const { values, positionals: files } = parseFlags(flags, args, { positionals: true });
    if (files.length === 0) throw new UsageError('which file?');
    let bad = false;
    for (const file of files) {
      try {
        const configuration = loadConfig(await readConfigFile(file), file);
        await loadTemplates(configuration, () => 0);
        if (values.portable && configuration.extensions.length > 0) {
          throw new ConfigError(configuration.extensions);
        }
        for (const line of summary(file, configuration)) io.out(line);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        bad = true;
        for (const line of error.message.split('\n')) io.err(line);
      }
    }
    return bad ? 1 : 0;
  },
};

function summary(
  file: string,
  { route, receivers, inhibitRules, intervals, extensions }: Configuration,
): string[] {
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
  const parts = [
    count([...route.walk()].length, 'route'),
    count(receivers.length, 'receiver'),
    count(inhibitRules.length, 'inhibit rule'),
    count(intervals.size, 'time interval'),
  ];
  const ours = extensions.map((problem) => `  not portable: ${formatProblem(problem)}`);
  return [`${file}: ${parts.join(', ')}, all good`, ...ours];
}
