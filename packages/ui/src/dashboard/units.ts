import { formatDateTime } from '../time.ts';

/** A value as a reader sees it: `1.21`, ` GiB`. */
export interface FormattedValue {
  prefix: string;
  text: string;
  suffix: string;
}

type Formatter = (value: number, decimals: number | undefined) => FormattedValue;

const plain = (text: string, suffix = '', prefix = ''): FormattedValue => ({ prefix, text, suffix });

/** Digits after the point when nobody says: enough for three that count, none that are zeros. */
function fixed(value: number, decimals: number | undefined): string {
  if (value === 0) return decimals === undefined ? '0' : (0).toFixed(decimals);
  if (decimals !== undefined) return value.toFixed(Math.max(0, Math.min(20, decimals)));
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  const digits = Math.max(0, Math.min(12, 2 - magnitude));
  return String(Number(value.toFixed(digits)));
}

function scaled(factor: number, suffixes: readonly string[], offset = 0): Formatter {
  return (value, decimals) => {
    let index = offset;
    let rest = value;
    while (Math.abs(rest) >= factor && index < suffixes.length - 1) {
      rest /= factor;
      index++;
    }
    // Below one: go down the small prefixes, where the unit has them (ms, µs).
    while (rest !== 0 && Math.abs(rest) < 1 && index > 0) {
      rest *= factor;
      index--;
    }
    return plain(fixed(rest, decimals), suffixes[index] ?? '');
  };
}

const large = ['', 'K', 'Mil', 'Bil', 'Tri', 'Quadr'];
const si = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const iec = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const withUnit = (prefixes: readonly string[], unit: string): string[] =>
  prefixes.map((prefix) => ` ${prefix}${unit}`);
const binary = (unit: string): Formatter => scaled(1024, withUnit(iec, unit));
const decimal = (unit: string): Formatter => scaled(1000, withUnit(si, unit));
const counted = (unit: string): Formatter =>
  scaled(
    1000,
    ['', 'K', 'Mil', 'Bil'].map((prefix) => `${prefix} ${unit}`),
  );
const suffixed =
  (suffix: string): Formatter =>
  (value, decimals) =>
    plain(fixed(value, decimals), suffix);

/** A duration in the largest unit that leaves a number above one. */
function seconds(value: number, decimals: number | undefined): FormattedValue {
  const size = Math.abs(value);
  if (size === 0) return plain(fixed(0, decimals), ' s');
  if (size < 1e-6) return plain(fixed(value * 1e9, decimals), ' ns');
  if (size < 1e-3) return plain(fixed(value * 1e6, decimals), ' µs');
  if (size < 1) return plain(fixed(value * 1e3, decimals), ' ms');
  if (size < 60) return plain(fixed(value, decimals), ' s');
  if (size < 3600) return plain(fixed(value / 60, decimals), size < 120 ? ' min' : ' mins');
  if (size < 86_400) return plain(fixed(value / 3600, decimals), size < 7200 ? ' hour' : ' hours');
  if (size < 604_800) return plain(fixed(value / 86_400, decimals), size < 172_800 ? ' day' : ' days');
  if (size < 31_536_000)
    return plain(fixed(value / 604_800, decimals), size < 1_209_600 ? ' week' : ' weeks');
  return plain(fixed(value / 31_536_000, decimals), size < 63_072_000 ? ' year' : ' years');
}

/** `1 day, 3 hours`: the two largest parts (`dtdurations`). */
function longDuration(value: number): FormattedValue {
  const parts: string[] = [];
  let rest = Math.abs(Math.round(value));
  for (const [name, size] of [
    ['year', 31_536_000],
    ['month', 2_592_000],
    ['week', 604_800],
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0 && parts.length < 2) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
    rest %= size;
  }
  return plain((value < 0 ? '-' : '') + (parts.join(', ') || '0 seconds'));
}

function clock(value: number): FormattedValue {
  const total = Math.round(Math.abs(value));
  const part = (size: number, wrap: number): string =>
    String(Math.floor(total / size) % wrap).padStart(2, '0');
  return plain(
    `${value < 0 ? '-' : ''}${String(Math.floor(total / 3600)).padStart(2, '0')}:${part(60, 60)}:${part(1, 60)}`,
  );
}

function fromNow(value: number): FormattedValue {
  const distance = (Date.now() - value) / 1000;
  const { text, suffix } = seconds(Math.abs(distance), 0);
  return plain(distance >= 0 ? `${text}${suffix} ago` : `in ${text}${suffix}`);
}

const yesNo =
  (yes: string, no: string): Formatter =>
  (value) =>
    plain(value === 0 ? no : yes);

function scientific(value: number, decimals: number | undefined): FormattedValue {
  return plain(value.toExponential(decimals));
}

const formatters: Record<string, Formatter> = {
  none: suffixed(''),
  string: suffixed(''),
  short: scaled(
    1000,
    large.map((name, index) => (index === 0 ? '' : ` ${name}`)),
  ),
  sishort: scaled(
    1000,
    si.map((name) => ` ${name}`.trimEnd()),
  ),
  percent: suffixed('%'),
  percentunit: (value, decimals) => plain(fixed(value * 100, decimals), '%'),
  humidity: suffixed('%H'),
  dB: suffixed(' dB'),
  hex: (value) => plain(Math.round(value).toString(16).toUpperCase()),
  hex0x: (value) => plain(`0x${Math.round(value).toString(16).toUpperCase()}`),
  sci: scientific,
  locale: (value, decimals) =>
    plain(value.toLocaleString('en', decimals === undefined ? {} : { maximumFractionDigits: decimals })),
  bytes: binary('B'),
  decbytes: decimal('B'),
  bits: binary('b'),
  decbits: decimal('b'),
  Bps: decimal('B/s'),
  binBps: binary('B/s'),
  bps: decimal('b/s'),
  binbps: binary('b/s'),
  pps: decimal('p/s'),
  ops: counted('ops/s'),
  reqps: counted('req/s'),
  rps: counted('req/s'),
  rds: counted('rd/s'),
  wps: counted('wr/s'),
  iops: counted('io/s'),
  eps: counted('evt/s'),
  cps: counted('c/s'),
  mps: counted('msg/s'),
  opm: counted('ops/m'),
  rpm: counted('req/m'),
  epm: counted('evt/m'),
  hertz: decimal('Hz'),
  watt: decimal('W'),
  volt: decimal('V'),
  amp: decimal('A'),
  joule: decimal('J'),
  celsius: suffixed(' °C'),
  fahrenheit: suffixed(' °F'),
  kelvin: suffixed(' K'),
  rotrpm: suffixed(' rpm'),
  rotrads: suffixed(' rad/s'),
  lengthm: decimal('m'),
  degree: suffixed('°'),
  s: seconds,
  ms: (value, decimals) =>
    Math.abs(value) < 1000 && Math.abs(value) >= 0.001
      ? plain(fixed(value, decimals), ' ms')
      : seconds(value / 1e3, decimals),
  µs: (value, decimals) => seconds(value / 1e6, decimals),
  ns: (value, decimals) => seconds(value / 1e9, decimals),
  m: (value, decimals) => seconds(value * 60, decimals),
  h: (value, decimals) => seconds(value * 3600, decimals),
  d: (value, decimals) => seconds(value * 86_400, decimals),
  dtdurations: longDuration,
  dtdurationms: (value) => longDuration(value / 1000),
  dthms: clock,
  clocks: clock,
  clockms: (value) => clock(value / 1000),
  timeticks: (value, decimals) => seconds(value / 100, decimals),
  dateTimeAsIso: (value) => plain(formatDateTime(value)),
  dateTimeAsIsoNoDateIfToday: (value) => plain(formatDateTime(value)),
  dateTimeAsLocal: (value) => plain(formatDateTime(value)),
  dateTimeAsUS: (value) => plain(formatDateTime(value)),
  dateTimeAsSystem: (value) => plain(formatDateTime(value)),
  dateTimeFromNow: fromNow,
  bool: yesNo('True', 'False'),
  bool_yes_no: yesNo('Yes', 'No'),
  bool_on_off: yesNo('On', 'Off'),
  currencyUSD: (value, decimals) => plain(fixed(value, decimals), '', '$'),
  currencyEUR: (value, decimals) => plain(fixed(value, decimals), '', '€'),
};

// Units that are a fixed multiple of another: `kbytes` counts KiB.
const multiples: Record<string, [string, number]> = {
  kbytes: ['bytes', 1024],
  mbytes: ['bytes', 1024 ** 2],
  gbytes: ['bytes', 1024 ** 3],
  tbytes: ['bytes', 1024 ** 4],
  deckbytes: ['decbytes', 1e3],
  decmbytes: ['decbytes', 1e6],
  decgbytes: ['decbytes', 1e9],
  KBs: ['Bps', 1e3],
  MBs: ['Bps', 1e6],
  GBs: ['Bps', 1e9],
  Kbits: ['bps', 1e3],
  Mbits: ['bps', 1e6],
  Gbits: ['bps', 1e9],
  mhertz: ['hertz', 1e6],
  kwatt: ['watt', 1e3],
};

function formatterOf(unit: string): Formatter {
  const known = Object.hasOwn(formatters, unit) ? formatters[unit] : undefined;
  if (known) return known;
  const multiple = Object.hasOwn(multiples, unit) ? multiples[unit] : undefined;
  if (multiple) {
    const [base, factor] = multiple;
    return (value, decimals) => formatterOf(base)(value * factor, decimals);
  }
  if (unit.startsWith('suffix:')) return suffixed(` ${unit.slice(7)}`);
  if (unit.startsWith('prefix:'))
    return (value, decimals) => plain(fixed(value, decimals), '', unit.slice(7));
  if (unit.startsWith('si:')) return decimal(unit.slice(3));
  if (unit.startsWith('count:')) return counted(unit.slice(6));
  if (unit.startsWith('currency:'))
    return (value, decimals) => plain(fixed(value, decimals), '', unit.slice(9));
  if (unit.startsWith('time:')) return (value) => plain(formatDateTime(value));
  return unit === '' ? suffixed('') : suffixed(` ${unit}`); // free text is a suffix
}

/** Writes a number in one of Grafana's units; without decimals, with as many digits as are of use. */
export function formatValue(value: number, unit = '', decimals?: number): FormattedValue {
  if (Number.isNaN(value)) return plain('NaN');
  if (!Number.isFinite(value)) return plain(value > 0 ? '+Inf' : '-Inf');
  return formatterOf(unit === '' && Math.abs(value) >= 1e6 ? 'short' : unit)(value, decimals);
}

export function formatText(value: number, unit = '', decimals?: number): string {
  const { prefix, text, suffix } = formatValue(value, unit, decimals);
  return prefix + text + suffix;
}

/** The unit's base for round ticks on an axis: 1024 for binary units. */
export function isBinaryUnit(unit: string): boolean {
  return /^(bytes|bits|binBps|binbps|[kmgt]bytes)$/.test(unit);
}
