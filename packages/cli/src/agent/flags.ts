import { describeFlags, parseFlags, type Flags } from '../flags.ts';

/** The flags of `prunella agent`, by name. */
export interface AgentFlags {
  readonly 'web.listen-address': string;
  readonly 'web.config.file': string | undefined;
  readonly 'prunella.config': string | undefined;
  readonly 'collector.textfile.directory': string | undefined;
  readonly 'log.level': string;
  readonly 'log.format': string;
}

const flags = {
  'web.listen-address': {
    kind: 'text',
    default: '127.0.0.1:9100',
    help: 'Where to listen; port 0 = any free one. To be scraped from elsewhere: 0.0.0.0:9100.',
  },
  'web.config.file': { kind: 'text', help: 'TLS and basic authentication, in Prometheus’s format.' },
  'prunella.config': {
    kind: 'text',
    help: 'prunella.yml: its collectors and probes. Without it, this machine.',
  },
  'collector.textfile.directory': { kind: 'text', help: 'A folder of *.prom files to add.' },
  'log.level': { kind: 'text', default: 'info', help: 'debug, info, warn or error.' },
  'log.format': { kind: 'text', default: 'logfmt', help: 'logfmt or json.' },
} as const satisfies Flags;

/** @throws UsageError */
export function parseAgentFlags(args: readonly string[]): AgentFlags {
  return parseFlags(flags, args).values;
}

/** The flags as lines of help. */
export const agentFlagsHelp: string = describeFlags(flags);
