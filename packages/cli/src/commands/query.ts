import { parseDuration, systemClock } from '@prunella/metrics';
import type { Command, Io } from '../command.ts';
import { UsageError, describeFlags, parseFlags, type Flags } from '../flags.ts';
import { ApiError, askApi } from './prometheus-api.ts';
import { formatters, isFormat, type QueryAnswer } from './query-format.ts';
import { parseTime } from './query-time.ts';

const flags = {
  url: {
    kind: 'text',
    default: 'http://127.0.0.1:9090',
    help: 'The server, unless named before the expression.',
  },
  format: {
    kind: 'text',
    short: 'o',
    default: 'table',
    help: 'table, json, csv, or promql: what promtool prints.',
  },
  header: { kind: 'texts', help: 'A header of the request, NAME=VALUE.' },
  time: { kind: 'text', help: 'instant: when, RFC 3339 or Unix seconds; now by default.' },
  start: { kind: 'text', help: 'range, series, labels: from when on; range by default an hour ago.' },
  end: { kind: 'text', help: 'range, series, labels: until when; now by default.' },
  step: { kind: 'text', help: 'range: how far the points are apart; by default a 250th of the range.' },
  match: { kind: 'texts', help: 'series, labels: a series selector; of several any may match.' },
} as const satisfies Flags;

type Values = ReturnType<typeof parseFlags<typeof flags>>['values'];

/** `prunella query`: PromQL from the shell, against this or any server with Prometheus's API. */
export const command: Command = {
  name: 'query',
  summary: 'PromQL from the shell',
  help: `prunella query instant [flags] [SERVER] EXPRESSION
prunella query range [flags] [SERVER] EXPRESSION
prunella query series --match=SELECTOR… [flags] [SERVER]
prunella query labels [flags] [SERVER] NAME

As promtool's. SERVER is an URL.

${describeFlags(flags)}`,
  async run(args, io) {
    const { values, positionals } = parseFlags(flags, args, { positionals: true });
    const [what = '', ...rest] = positionals;
    const named = /^https?:\/\//.test(rest[0] ?? '');
    const request = requestOf(what, named ? rest.slice(1) : rest, values);
    if (!isFormat(values.format))
      throw new UsageError(`--format: table, json, csv or promql, not "${values.format}"`);
    try {
      const url = named ? rest[0]! : values.url;
      const {
        data,
        warnings = [],
        infos = [],
      } = await askApi<unknown>(url, request.path, request.params, headersOf(values.header));
      for (const note of [...warnings, ...infos]) io.err(note);
      print(request.kind, data, values.format, io);
      return 0;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      io.err(error.message);
      return 1;
    }
  },
};

interface ApiRequest {
  readonly kind: QueryAnswer['kind'];
  readonly path: string;
  readonly params: (readonly [string, string])[];
}

function requestOf(what: string, rest: readonly string[], values: Values): ApiRequest {
  const one = (name: string): string => {
    if (rest.length !== 1) throw new UsageError(`query ${what}: one ${name}, please`);
    return rest[0]!;
  };
  const time = (flag: 'time' | 'start' | 'end', fallback?: number): [string, string][] => {
    const text = values[flag];
    const ms = text === undefined ? fallback : parseTime(flag, text);
    return ms === undefined ? [] : [[flag, String(ms / 1000)]];
  };
  const matches = values.match.map((selector) => ['match[]', selector] as const);
  const now = systemClock.now();
  switch (what) {
    case 'instant':
      return { kind: 'query', path: 'query', params: [['query', one('expression')], ...time('time')] };
    case 'range': {
      const end = values.end === undefined ? now : parseTime('end', values.end);
      const start = values.start === undefined ? end - 3_600_000 : parseTime('start', values.start);
      const step =
        values.step === undefined ? Math.max(1, Math.round((end - start) / 250_000)) : stepOf(values.step);
      const times = [['start', String(start / 1000)] as const, ['end', String(end / 1000)] as const];
      return {
        kind: 'query',
        path: 'query_range',
        params: [['query', one('expression')], ...times, ['step', String(step)]],
      };
    }
    case 'series':
      if (rest.length > 0) throw new UsageError(`query series: what is ${rest[0]}? Selectors go to --match`);
      if (matches.length === 0) throw new UsageError('query series: which? --match');
      return { kind: 'series', path: 'series', params: [...matches, ...time('start'), ...time('end')] };
    case 'labels': {
      const path = `label/${encodeURIComponent(one('label'))}/values`;
      return { kind: 'values', path, params: [...matches, ...time('start'), ...time('end')] };
    }
    default:
      throw new UsageError('expected instant, range, series or labels');
  }
}

/** Seconds of a duration, or of a plain number. */
function stepOf(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return seconds;
  try {
    return parseDuration(text) / 1000;
  } catch (error) {
    throw new UsageError(`--step: ${(error as Error).message}`);
  }
}

function headersOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.search(/[=:]/);
      if (at <= 0) throw new UsageError(`--header: not NAME=VALUE: ${pair}`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

function print(kind: QueryAnswer['kind'], data: unknown, format: keyof typeof formatters, io: Io): void {
  for (const line of formatters[format]({ kind, data } as QueryAnswer)) io.out(line);
}
