const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?\d+)$/;

/** Reads a float as Go's `strconv.ParseFloat` does; undefined where it would fail. */
export function parseFloatGo(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text);
  const named = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (named) {
    if (named[2]?.toLowerCase() === 'nan') return named[1] === '' ? NaN : undefined;
    return named[1] === '-' ? -Infinity : Infinity;
  }
  const hex = HEXADECIMAL.exec(text);
  if (!hex) return undefined;
  const [, sign, whole = '', fraction = '', power] = hex;
  if (whole + fraction === '') return undefined;
  const magnitude = Number.parseInt(whole + fraction, 16) * 2 ** (Number(power) - 4 * fraction.length);
  return sign === '-' ? -magnitude : magnitude;
}
