import { GoDuration, nanosecondsOf } from './duration.ts';
import { formatTime } from './layout.ts';
import { wallTime, type WallTime } from './zone.ts';

/** Seconds from year 1 to 1970: Go's zero time is the start of year 1. */
const ZERO_MS = -62_135_596_800_000;

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** An integer with a name, such as time.Month. */
class Named {
  readonly goType: string;
  readonly int: bigint;
  readonly #name: string;
  constructor(goType: string, int: number, name: string) {
    this.goType = goType;
    this.int = BigInt(int);
    this.#name = name;
  }
  String(): string {
    return this.#name;
  }
}

/** Go's time.Time with the methods that templates use. */
export class GoTime {
  readonly goType = 'time.Time';
  /** Whole milliseconds since the epoch. */
  readonly ms: number;
  /** Nanoseconds within that millisecond. */
  readonly nanos: number;
  readonly location: string;
  #wall: WallTime | undefined;

  constructor(ms: number, location = 'UTC', nanos = 0) {
    this.ms = Math.floor(ms);
    this.nanos = nanos;
    this.location = location;
  }

  /** What the methods take. */
  get goMethods(): Readonly<Record<string, readonly string[]>> {
    return METHODS;
  }

  static readonly zero: GoTime = new GoTime(ZERO_MS);

  get #local(): WallTime {
    return (this.#wall ??= wallTime(this.ms, this.location));
  }

  Format(layout: string): string {
    return formatTime(this.#local, layout, this.#nanosecond());
  }

  String(): string {
    return this.Format('2006-01-02 15:04:05.999999999 -0700 MST');
  }

  toJSON(): string {
    return this.Format('2006-01-02T15:04:05.999999999Z07:00');
  }

  UTC(): GoTime {
    return new GoTime(this.ms, 'UTC', this.nanos);
  }

  Local(): GoTime {
    return new GoTime(this.ms, 'Local', this.nanos);
  }

  In(location: unknown): GoTime {
    return new GoTime(this.ms, String(location), this.nanos);
  }

  Unix(): bigint {
    return BigInt(Math.floor(this.ms / 1000));
  }

  UnixMilli(): bigint {
    return BigInt(this.ms);
  }

  UnixMicro(): bigint {
    return BigInt(this.ms) * 1000n + BigInt(Math.floor(this.nanos / 1000));
  }

  UnixNano(): bigint {
    return BigInt(this.ms) * 1_000_000n + BigInt(this.nanos);
  }

  Year(): bigint {
    return BigInt(this.#local.year);
  }

  Month(): Named {
    return new Named('time.Month', this.#local.month, MONTHS[this.#local.month - 1] ?? '');
  }

  Day(): bigint {
    return BigInt(this.#local.day);
  }

  YearDay(): bigint {
    return BigInt(this.#local.yearDay);
  }

  Weekday(): Named {
    return new Named('time.Weekday', this.#local.weekday, DAYS[this.#local.weekday] ?? '');
  }

  Hour(): bigint {
    return BigInt(this.#local.hour);
  }

  Minute(): bigint {
    return BigInt(this.#local.minute);
  }

  Second(): bigint {
    return BigInt(this.#local.second);
  }

  Nanosecond(): bigint {
    return BigInt(this.#nanosecond());
  }

  #nanosecond(): number {
    return (((this.ms % 1000) + 1000) % 1000) * 1_000_000 + this.nanos;
  }

  IsZero(): boolean {
    return this.ms === ZERO_MS && this.nanos === 0;
  }

  Equal(other: GoTime): boolean {
    return this.UnixNano() === other.UnixNano();
  }

  After(other: GoTime): boolean {
    return this.UnixNano() > other.UnixNano();
  }

  Before(other: GoTime): boolean {
    return this.UnixNano() < other.UnixNano();
  }

  Sub(other: GoTime): GoDuration {
    return new GoDuration(saturated(this.UnixNano() - other.UnixNano()));
  }

  Add(duration: GoDuration | bigint): GoTime {
    const ns = this.UnixNano() + nanosecondsOf(duration);
    const ms = ns / 1_000_000n - (ns % 1_000_000n < 0n ? 1n : 0n);
    return new GoTime(Number(ms), this.location, Number(ns - ms * 1_000_000n));
  }

  /** A multiple of the duration since year 1. */
  Truncate(duration: GoDuration | bigint): GoTime {
    const unit = nanosecondsOf(duration);
    return unit <= 0n ? this : this.Add(-this.#sinceYearOne() % unit);
  }

  Round(duration: GoDuration | bigint): GoTime {
    const unit = nanosecondsOf(duration);
    if (unit <= 0n) return this;
    const over = this.#sinceYearOne() % unit;
    return this.Add(over * 2n < unit ? -over : unit - over);
  }

  #sinceYearOne(): bigint {
    return this.UnixNano() - BigInt(ZERO_MS) * 1_000_000n;
  }

  /** The name of its time zone. */
  Location(): string {
    return this.location === '' ? 'UTC' : this.location;
  }

  GoString(): string {
    const { year, month, day, hour, minute, second } = this.#local;
    const name = MONTHS[month - 1] ?? '';
    const zone = this.Location() === 'UTC' ? 'time.UTC' : `time.Location(${JSON.stringify(this.location)})`;
    return `time.Date(${year}, time.${name}, ${day}, ${hour}, ${minute}, ${second}, ${this.#nanosecond()}, ${zone})`;
  }

  AddDate(years: bigint, months: bigint, days: bigint): GoTime {
    const { offset } = this.#local;
    const date = new Date(this.ms + offset * 1000);
    date.setUTCFullYear(
      date.getUTCFullYear() + Number(years),
      date.getUTCMonth() + Number(months),
      date.getUTCDate() + Number(days),
    );
    return new GoTime(date.getTime() - offset * 1000, this.location, this.nanos);
  }
}

const METHODS: Readonly<Record<string, readonly string[]>> = {
  Add: ['time.Duration'],
  AddDate: ['int', 'int', 'int'],
  After: ['time.Time'],
  Before: ['time.Time'],
  Equal: ['time.Time'],
  Format: ['string'],
  In: ['*time.Location'],
  Round: ['time.Duration'],
  Sub: ['time.Time'],
  Truncate: ['time.Duration'],
};

/** A difference that int64 cannot hold becomes the longest duration. */
function saturated(ns: bigint): bigint {
  const longest = 0x7fff_ffff_ffff_ffffn;
  if (ns > longest) return longest;
  return ns < -longest - 1n ? -longest - 1n : ns;
}
