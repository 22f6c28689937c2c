import { describeFlags, parseFlags, type Flags } from '../flags.ts';

/** The flags of `prunella bot`, by name. */
export interface BotFlags {
  readonly 'web.listen-address': string;
  readonly 'web.external-url': string | undefined;
  readonly 'web.config.file': string | undefined;
  readonly 'prunella.config': string | undefined;
  readonly 'healing.config': string | undefined;
  readonly 'alertmanager.config': string | undefined;
  readonly 'query.url': string | undefined;
  readonly 'storage.path': string;
  readonly 'log.level': string;
  readonly 'log.format': string;
}

const flags = {
  'web.listen-address': {
    kind: 'text',
    default: '127.0.0.1:5001',
    help: 'Where to listen; port 0 = any free one.',
  },
  'web.external-url': { kind: 'text', help: 'How people reach this server, for links in messages.' },
  'web.config.file': { kind: 'text', help: 'TLS and basic authentication, in Prometheus’s format.' },
  'prunella.config': { kind: 'text', help: 'prunella.yml: its workloads are what can be acted on.' },
  'healing.config': { kind: 'text', help: 'healing.yml; overrides the one that prunella.yml names.' },
  'alertmanager.config': {
    kind: 'text',
    help: 'alertmanager.yml, for its receivers; overrides the one that prunella.yml names.',
  },
  'query.url': {
    kind: 'text',
    help: 'The Prometheus that proves that it helped, e.g. http://127.0.0.1:9090.',
  },
  'storage.path': {
    kind: 'text',
    default: 'data/',
    help: 'Where incidents and incident_log.jsonl are kept.',
  },
  'log.level': { kind: 'text', default: 'info', help: 'debug, info, warn or error.' },
  'log.format': { kind: 'text', default: 'logfmt', help: 'logfmt or json.' },
} as const satisfies Flags;

/** @throws UsageError */
export function parseBotFlags(args: readonly string[]): BotFlags {
  return parseFlags(flags, args).values;
}

/** The flags as lines of help. */
export const botFlagsHelp: string = describeFlags(flags);
