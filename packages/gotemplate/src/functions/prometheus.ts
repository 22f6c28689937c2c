import { escapeQuery } from '../builtins.ts';
import { GoDuration } from '../time/duration.ts';
import { fn, StringMap, type FuncMap, type GoValue } from '../values.ts';
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
  toFloat,
  toTime,
} from './humanize.ts';
import { stringFunctions } from './strings.ts';

/** What the `query` function returns a list of. */
export interface QuerySample {
  readonly Labels: StringMap;
  readonly Value: number;
}

export interface PrometheusFunctionOptions {
  readonly externalURL: string;
  /** The evaluation time, ms. */
  readonly now: number;
  /** Runs an instant query; see Template.executeAsync. Without it `query` is an error. */
  readonly query?: (expr: string) => GoValue;
  readonly parseDuration: (text: string) => number;
}

/** Those that depend on nothing but their arguments. */
const pureFunctions: FuncMap = {
  ...stringFunctions,
  humanize: fn('any', humanize),
  humanize1024: fn('any', humanize1024),
  humanizeDuration: fn('any', humanizeDuration),
  humanizePercentage: fn('any', humanizePercentage),
  humanizeTimestamp: fn('any', humanizeTimestamp),
  toTime: fn('any', toTime),
  toDuration: fn('any', (seconds: GoValue) => new GoDuration(BigInt(Math.trunc(toFloat(seconds) * 1e9)))),
  first: fn('[]any', (samples: readonly GoValue[]) => {
    if (samples.length === 0) throw new Error('first() called on vector with no elements');
    return samples[0];
  }),
  label: fn('string, *template.sample', (name: string, sample: QuerySample) => sample.Labels.get(name) ?? ''),
  value: fn('*template.sample', (sample: QuerySample) => sample.Value),
  strvalue: fn('*template.sample', (sample: QuerySample) => sample.Labels.get('__value__') ?? ''),
  sortByLabel: fn('string, []any', (name: string, samples: readonly QuerySample[]) => {
    const key = (sample: QuerySample): Buffer => Buffer.from(sample.Labels.get(name) ?? '');
    return [...samples].sort((a, b) => Buffer.compare(key(a), key(b)));
  }),
  args: fn('any...', (...args: GoValue[]) => new Map(args.map((arg, i) => [`arg${i}`, arg]))),
  graphLink: fn('string', (expr: string) => `/graph?g0.expr=${escapeQuery(expr)}&g0.tab=0`),
  tableLink: fn('string', (expr: string) => `/graph?g0.expr=${escapeQuery(expr)}&g0.tab=1`),
  urlQueryEscape: fn('string', escapeQuery),
  stripPort: fn('string', (hostPort: string) => splitHostPort(hostPort)?.host ?? hostPort),
  stripDomain: fn('string', stripDomain),
};

/** The functions of Prometheus's rule annotations and console templates. */
export function prometheusFunctions(options: PrometheusFunctionOptions): FuncMap {
  const { externalURL, now, query } = options;
  return {
    ...pureFunctions,
    now: fn('', () => now / 1000),
    parseDuration: fn('string', (text: string) => options.parseDuration(text) / 1000),
    query: fn('string', (expr: string) => {
      if (!query) throw new Error('no query function here');
      return query(expr);
    }),
    externalURL: fn('', () => externalURL),
    pathPrefix: fn('', () => pathOf(externalURL)),
  };
}

/** A sample for `query`'s result. */
export function querySample(labels: Readonly<Record<string, string>>, value: number): QuerySample {
  return { Labels: StringMap.fromObject(labels), Value: value };
}

function pathOf(url: string): string {
  try {
    return new URL(url).pathname.replace(/\/$/, '');
  } catch {
    return '';
  }
}

/** Go's net.SplitHostPort; undefined where it would fail. */
function splitHostPort(text: string): { host: string; port: string } | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text);
  return match ? { host: match[1] ?? match[2] ?? '', port: match[3] ?? '' } : undefined;
}

/** `db1.example.org:5432` → `db1:5432`; addresses stay whole. */
function stripDomain(hostPort: string): string {
  const split = splitHostPort(hostPort);
  const host = split?.host ?? hostPort;
  const isAddress = host.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
  const short = isAddress ? host : (host.split('.')[0] ?? '');
  if (!split || split.port === '') return short;
  return `${short.includes(':') ? `[${short}]` : short}:${split.port}`;
}
