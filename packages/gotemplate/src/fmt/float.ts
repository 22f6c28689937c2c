/** Go's strconv.FormatFloat. JavaScript rounds exact ties up where Go rounds them to even. */

/** `%v` and `%g` without a precision: the shortest digits, with an exponent below 1e-4 and from 1e6 on (where 1000000 is `1e+06`). */
export function formatG(value: number): string {
  return special(value) ?? fromShortest(value);
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return undefined;
}

/** Go decides as if the shortest form had six digits. */
const SHORTEST_EXPONENT = 6;

function fromShortest(value: number): string {
  const text = signed(value, Math.abs(value).toExponential());
  const exponent = Number(text.slice(text.indexOf('e') + 1));
  return exponent < -4 || exponent >= SHORTEST_EXPONENT ? goExponent(text) : decimal(value);
}

function signed(value: number, magnitude: string): string {
  return value < 0 || Object.is(value, -0) ? `-${magnitude}` : magnitude;
}

function decimal(value: number): string {
  return signed(value, fixedFromExponential(Math.abs(value).toExponential()));
}

/** `1.25e+3` → `1250` */
function fixedFromExponential(text: string): string {
  const [mantissa = '', power = '0'] = text.split('e');
  const exponent = Number(power);
  const digits = mantissa.replace('.', '');
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** Go writes at least two digits of exponent. */
function goExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Formats with one of Go's verbs e, E, f, F, g, G; precision -1 is the shortest that reads back the same. */
export function formatFloat(value: number, verb: string, precision: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const lower = verb.toLowerCase();
  const text =
    lower === 'e'
      ? exponential(value, precision)
      : lower === 'f'
        ? fixed(value, precision)
        : general(value, precision);
  return verb === lower ? text : text.toUpperCase();
}

const MAX_PRECISION = 100;

function exponential(value: number, precision: number): string {
  const magnitude = Math.abs(value);
  if (precision < 0) return signed(value, goExponent(magnitude.toExponential()));
  const kept = Math.min(precision, MAX_PRECISION);
  const exact = magnitude.toExponential(MAX_PRECISION);
  const [mantissa = '', power = ''] = exact.split('e');
  const tie = isTie(mantissa, kept);
  const text = tie
    ? `${mantissa.slice(0, kept === 0 ? 1 : kept + 2)}e${power}`
    : magnitude.toExponential(kept);
  return signed(value, padFraction(goExponent(text), precision - kept));
}

function fixed(value: number, precision: number): string {
  const magnitude = Math.abs(value);
  if (precision < 0) return decimal(value);
  const kept = Math.min(precision, MAX_PRECISION);
  if (magnitude >= 1e21) {
    const whole = BigInt(magnitude).toString();
    return signed(value, precision > 0 ? `${whole}.${'0'.repeat(precision)}` : whole);
  }
  const exact = magnitude.toFixed(MAX_PRECISION);
  const point = exact.indexOf('.');
  const text = isTie(exact, kept)
    ? exact.slice(0, kept === 0 ? point : point + 1 + kept)
    : magnitude.toFixed(kept);
  return signed(value, precision > kept ? text + '0'.repeat(precision - kept) : text);
}

/** Whether the digits after `kept` decimals are exactly one half and the last kept digit is even. */
function isTie(text: string, kept: number): boolean {
  const point = text.indexOf('.');
  if (!/^50*$/.test(text.slice(point + 1 + kept))) return false;
  const last = kept === 0 ? text[point - 1] : text[point + kept];
  return Number(last) % 2 === 0;
}

function padFraction(text: string, zeros: number): string {
  return zeros > 0 ? text.replace('e', `${'0'.repeat(zeros)}e`) : text;
}

function general(value: number, precision: number): string {
  if (precision < 0) return fromShortest(value);
  const digits = Math.max(precision, 1);
  const text = exponential(value, digits - 1);
  const [mantissa = '', power = ''] = text.split('e');
  const shortened = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  const exponent = Number(power);
  if (exponent < -4 || exponent >= digits) return goExponent(`${shortened}e${power}`);
  return signed(value, fixedFromExponential(`${shortened.replace('-', '')}e${exponent}`));
}
