import { featureFlag } from '../features.ts';
import { describeFlags, parseFlags, type Flags } from '../flags.ts';

/** The flags of `prunella serve`, by name; durations are ms, sizes bytes. */
export interface ServeFlags {
  readonly 'prunella.config': string | undefined;
  readonly 'config.file': string | undefined;
  readonly 'alertmanager.config': string | undefined;
  readonly 'healing.config': string | undefined;
  readonly 'storage.tsdb.path': string;
  readonly 'storage.tsdb.retention.time': number;
  readonly 'storage.tsdb.retention.size': number;
  readonly 'web.listen-address': string;
  readonly 'web.external-url': string | undefined;
  readonly 'web.config.file': string | undefined;
  readonly 'web.enable-admin-api': boolean;
  readonly 'web.enable-lifecycle': boolean;
  readonly 'web.enable-remote-write-receiver': boolean;
  readonly 'query.timeout': number;
  readonly 'query.max-samples': number;
  readonly 'query.max-concurrency': number;
  readonly 'query.lookback-delta': number;
  readonly 'alertmanager.retention': number;
  readonly 'alertmanager.max-silences': number;
  readonly 'alertmanager.max-silence-size': number;
  readonly 'alertmanager.per-alertname-limit': number;
  readonly 'alertmanager.start-delay': number;
  readonly 'alertmanager.get-concurrency': number;
  readonly 'alertmanager.timeout': number;
  readonly 'enable-feature': string[];
  readonly 'log.level': string;
  readonly 'log.format': string;
}

/** The flags of `prunella serve` and `prunella demo`. Those that Prometheus has mean what they mean there. */
const flags = {
  'prunella.config': { kind: 'text', help: 'prunella.yml, which names the other files.' },
  'config.file': { kind: 'text', help: 'prometheus.yml; overrides the one that prunella.yml names.' },
  'alertmanager.config': {
    kind: 'text',
    help: 'alertmanager.yml; overrides the one that prunella.yml names.',
  },
  'healing.config': { kind: 'text', help: 'healing.yml; overrides the one that prunella.yml names.' },
  'storage.tsdb.path': {
    kind: 'text',
    default: 'data/',
    help: 'The data directory, in Prometheus’s format.',
  },
  'storage.tsdb.retention.time': { kind: 'duration', default: '15d', help: 'How long samples are kept.' },
  'storage.tsdb.retention.size': {
    kind: 'size',
    default: '0',
    help: 'How much disk blocks may take; 0 = no limit.',
  },
  'web.listen-address': {
    kind: 'text',
    default: '127.0.0.1:9090',
    help: 'Where to listen; port 0 = any free one.',
  },
  'web.external-url': { kind: 'text', help: 'How people reach this server, for links in messages.' },
  'web.config.file': { kind: 'text', help: 'TLS and basic authentication, in Prometheus’s format.' },
  'web.enable-admin-api': { kind: 'switch', help: 'Allow deleting series and snapshots over HTTP.' },
  'web.enable-lifecycle': { kind: 'switch', help: 'Allow POST /-/reload and /-/quit.' },
  'web.enable-remote-write-receiver': { kind: 'switch', help: 'Accept remote write at /api/v1/write.' },
  'query.timeout': { kind: 'duration', default: '2m', help: 'When a query is given up.' },
  'query.max-samples': {
    kind: 'number',
    default: '50000000',
    help: 'How many samples a query may hold at once.',
  },
  'query.max-concurrency': {
    kind: 'number',
    default: '20',
    help: 'How many queries run at once; others wait.',
  },
  'query.lookback-delta': {
    kind: 'duration',
    default: '5m',
    help: 'How old the newest sample of a series may be.',
  },
  'alertmanager.retention': {
    kind: 'duration',
    default: '120h',
    help: 'How long silences that have ended, the notification log and the histories are kept.',
  },
  'alertmanager.max-silences': {
    kind: 'number',
    default: '0',
    help: 'How many silences there may be, those that have ended included; 0 = no limit.',
  },
  'alertmanager.max-silence-size': {
    kind: 'size',
    default: '0',
    help: 'How large a silence may be; 0 = no limit.',
  },
  'alertmanager.per-alertname-limit': {
    kind: 'number',
    default: '0',
    help: 'How many alerts of one name are taken; 0 = no limit.',
  },
  'alertmanager.start-delay': {
    kind: 'duration',
    default: '0s',
    help: 'How long after the start nobody is told of anything.',
  },
  'alertmanager.get-concurrency': {
    kind: 'number',
    default: '0',
    help: 'How many GETs of /api/v2 are answered at once; 0 = 8, or the number of cores if that is more.',
  },
  'alertmanager.timeout': {
    kind: 'duration',
    default: '0s',
    help: 'When a GET of /api/v2 is given up; 0 = never.',
  },
  'enable-feature': featureFlag,
  'log.level': { kind: 'text', default: 'info', help: 'debug, info, warn or error.' },
  'log.format': { kind: 'text', default: 'logfmt', help: 'logfmt or json.' },
} as const satisfies Flags;

/** For the documentation and for `--help`. */
export const serveFlags: Flags = flags;

/** @throws UsageError */
export function parseServeFlags(args: readonly string[]): ServeFlags {
  return parseFlags(flags, args).values;
}

/** The flags as lines of help. */
export const serveFlagsHelp: string = describeFlags(flags);
