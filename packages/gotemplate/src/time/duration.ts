/** Go's time.Duration: whole nanoseconds. */
export class GoDuration {
  readonly goType = 'time.Duration';
  readonly int: bigint;

  constructor(nanoseconds: bigint) {
    this.int = nanoseconds;
  }

  /** What the methods take. */
  get goMethods(): Readonly<Record<string, readonly string[]>> {
    return { Truncate: ['time.Duration'], Round: ['time.Duration'] };
  }

  static fromMs(ms: number): GoDuration {
    return new GoDuration(BigInt(Math.round(ms * 1e6)));
  }

  get ms(): number {
    return Number(this.int) / 1e6;
  }

  Nanoseconds(): bigint {
    return this.int;
  }

  Microseconds(): bigint {
    return this.int / 1000n;
  }

  Milliseconds(): bigint {
    return this.int / 1_000_000n;
  }

  Seconds(): number {
    return Number(this.int) / 1e9;
  }

  Minutes(): number {
    return Number(this.int) / 6e10;
  }

  Hours(): number {
    return Number(this.int) / 3.6e12;
  }

  Abs(): GoDuration {
    return new GoDuration(this.int < 0n ? -this.int : this.int);
  }

  /** Towards zero, to a multiple of `unit`. */
  Truncate(duration: GoDuration | bigint): GoDuration {
    const unit = nanosecondsOf(duration);
    return unit <= 0n ? this : new GoDuration(this.int - (this.int % unit));
  }

  /** To the nearest multiple of `unit`, halves away from zero. */
  Round(duration: GoDuration | bigint): GoDuration {
    const unit = nanosecondsOf(duration);
    if (unit <= 0n) return this;
    const sign = this.int < 0n ? -1n : 1n;
    const magnitude = this.int * sign;
    return new GoDuration(sign * ((magnitude + unit / 2n) / unit) * unit);
  }

  /** `1h2m3.5s`; below a second `1.5ms`, `2µs`, `3ns`; zero `0s`. */
  String(): string {
    if (this.int === 0n) return '0s';
    const negative = this.int < 0n;
    const ns = negative ? -this.int : this.int;
    return (negative ? '-' : '') + (ns < 1_000_000_000n ? small(ns) : large(ns));
  }

  toJSON(): number {
    return Number(this.int);
  }
}

export function nanosecondsOf(duration: GoDuration | bigint): bigint {
  return typeof duration === 'bigint' ? duration : duration.int;
}

function small(ns: bigint): string {
  if (ns < 1000n) return `${ns}ns`;
  if (ns < 1_000_000n) return `${withFraction(ns, 3)}µs`;
  return `${withFraction(ns, 6)}ms`;
}

function large(ns: bigint): string {
  const minutes = ns / 60_000_000_000n;
  const seconds = `${withFraction(ns % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  const hours = minutes / 60n;
  return `${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`;
}

function withFraction(value: bigint, digits: number): string {
  const base = 10n ** BigInt(digits);
  const fraction = (value % base).toString().padStart(digits, '0').replace(/0+$/, '');
  return `${value / base}${fraction === '' ? '' : `.${fraction}`}`;
}
