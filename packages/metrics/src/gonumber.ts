/** Prints a float as Go's `strconv.FormatFloat(v, 'g', -1, 64)` with Prometheus's spelling of infinities. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  // With the shortest digits Go decides as if there were six: an exponent below 1e-4 and from 1e6 on.
  if (power >= -4 && power < 6) return plainDecimal(value, mantissa, power);
  const digits = Math.abs(power);
  return `${mantissa}e${power < 0 ? '-' : '+'}${digits < 10 ? '0' : ''}${digits}`;
}

/** Prints a float as Go's `strconv.FormatFloat(v, 'f', -1, 64)`: the API's form of sample values, never an exponent. */
export function formatDecimal(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatFloat(value);
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  return plainDecimal(value, mantissa, Number(exponent));
}

function plainDecimal(value: number, mantissa: string, power: number): string {
  if (power >= -6 && power < 21) return String(value);
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace('-', '').replace('.', '');
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  return sign + digits.padEnd(power + 1, '0');
}

const DECIMAL = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?$/;

/** Reads a float as Go's `strconv.ParseFloat` does (decimal, hex with p-exponent, Inf, NaN); undefined where it would fail. */
export function parseFloatGo(text: string): number | undefined {
  if (DECIMAL.test(text)) return text.includes('_') ? undefined : Number(text);
  switch (text.toLowerCase()) {
    case 'nan':
      return NaN;
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return Infinity;
    case '-inf':
    case '-infinity':
      return -Infinity;
  }
  const hex = HEXADECIMAL.exec(text);
  if (!hex) return undefined;
  const [, sign, whole = '', fraction = '', power] = hex;
  if (whole + fraction === '' || power === undefined) return undefined;
  const magnitude = Number.parseInt(whole + fraction, 16) * 2 ** (Number(power) - 4 * fraction.length);
  return sign === '-' ? -magnitude : magnitude;
}
