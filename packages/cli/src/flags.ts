import { parseArgs } from 'node:util';
import { parseDuration } from '@prunella/metrics';
import { parseByteSize } from '@prunella/metrics/config';

/** The command line is wrong. */
export class UsageError extends Error {
  override name = 'UsageError';
}

type FlagKind = 'text' | 'texts' | 'switch' | 'duration' | 'size' | 'number';

export interface Flag<K extends FlagKind = FlagKind> {
  readonly kind: K;
  /** As it would be typed; undefined = not given. */
  readonly default?: string;
  /** One letter. */
  readonly short?: string;
  readonly help: string;
}

export type Flags = Readonly<Record<string, Flag>>;

type ValueOf<F extends Flag> = F['kind'] extends 'switch'
  ? boolean
  : F['kind'] extends 'texts'
    ? string[]
    : F['kind'] extends 'text'
      ? F extends { default: string }
        ? string
        : string | undefined
      : F extends { default: string }
        ? number
        : number | undefined;

export type FlagValues<T extends Flags> = { readonly [K in keyof T]: ValueOf<T[K]> };

/**
 * Parses `--name=value`, `--name value`, `--switch` and `--no-switch`. Durations become ms, sizes bytes.
 * @throws UsageError
 */
export function parseFlags<const T extends Flags>(
  flags: T,
  args: readonly string[],
  { positionals = false }: { positionals?: boolean } = {},
): { values: FlagValues<T>; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      {
        type: flag.kind === 'switch' ? ('boolean' as const) : ('string' as const),
        multiple: flag.kind === 'texts',
        ...(flag.short !== undefined && { short: flag.short }),
      },
    ]),
  );
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options,
      allowPositionals: positionals,
      allowNegative: true,
      strict: true,
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0] ?? 'cannot read the flags');
  }
  const values = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      convert(name, flag, parsed.values[name] as string | string[] | boolean | undefined),
    ]),
  );
  return { values: values as FlagValues<T>, positionals: parsed.positionals };
}

function convert(name: string, flag: Flag, given: string | string[] | boolean | undefined): unknown {
  if (flag.kind === 'switch') return given ?? flag.default === 'true';
  if (flag.kind === 'texts') return given ?? (flag.default === undefined ? [] : [flag.default]);
  const text = (given as string | undefined) ?? flag.default;
  if (text === undefined || flag.kind === 'text') return text;
  try {
    if (flag.kind === 'duration') return parseDuration(text);
    if (flag.kind === 'size') return parseByteSize(text);
  } catch (error) {
    throw new UsageError(`--${name}: ${(error as Error).message}`);
  }
  const number = Number(text);
  if (text === '' || !Number.isFinite(number))
    throw new UsageError(`--${name}: expected a number, got "${text}"`);
  return number;
}

/** The flags as lines of help. */
export function describeFlags(flags: Flags): string {
  const lines = Object.entries(flags).map(([name, flag]) => {
    const value = flag.kind === 'switch' ? '' : `=${flag.default ?? flag.kind.toUpperCase()}`;
    const short = flag.short === undefined ? '' : `-${flag.short}, `;
    return `  ${short}--${name}${value}\n        ${flag.help}`;
  });
  return `Flags:\n${lines.join('\n')}`;
}

/** `127.0.0.1:9090`, `:9090` (every interface), `[::1]:9090`. @throws UsageError */
export function parseListenAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]*)):(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535)
    throw new UsageError(`--web.listen-address: expected HOST:PORT, got "${text}"`);
  const host = match[1] ?? match[2] ?? '';
  return { host: host === '' ? '0.0.0.0' : host, port };
}
