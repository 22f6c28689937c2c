import { parseFloatGo } from '../gonumber.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_E = 0x65;
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** Reads numbers in place. A number ends at a blank or the end of its line. */
export class NumberReader {
  /** Behind the number read last. */
  end = 0;

  /** @returns undefined where there is no number */
  read(body: Uint8Array, start: number): number | undefined {
    return this.#plain(body, start) ?? this.#general(body, start);
  }

  /**
   * Fast path: digits, with or without a point and an exponent. Up to 2^53 and 10^±22 the product or quotient is the
   * correctly rounded value (W. Clinger, "How to Read Floating Point Numbers Accurately", 1990); everything else goes
   * the general way.
   */
  #plain(body: Uint8Array, start: number): number | undefined {
    const negative = body[start] === MINUS;
    const first = negative ? start + 1 : start;
    let at = first;
    let digits = 0;
    let point = -1;
    for (; at < body.length; at++) {
      const byte = body[at] as number;
      if (byte >= ZERO && byte <= NINE) digits = digits * 10 + (byte - ZERO);
      else if (byte === POINT && point < 0) point = at;
      else break;
    }
    // At least one digit, and no more of them than a double holds exactly.
    if (at === first || (point >= 0 && at - first === 1) || digits > Number.MAX_SAFE_INTEGER)
      return undefined;
    let power = point >= 0 ? point + 1 - at : 0;
    if (body[at] === LOWER_E) {
      const sign = body[at + 1];
      const from = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
      let exponent = 0;
      for (at = from; isDigit(body[at]); at++) exponent = exponent * 10 + ((body[at] as number) - ZERO);
      if (at === from) return undefined;
      power += sign === MINUS ? -exponent : exponent;
    }
    if (at < body.length && body[at] !== SPACE && body[at] !== NEWLINE) return undefined;
    if (power < -22 || power > 22) return undefined;
    this.end = at;
    const scale = POWERS_OF_TEN[power < 0 ? -power : power] as number;
    const value = power < 0 ? digits / scale : digits * scale;
    return negative ? -value : value;
  }

  #general(body: Uint8Array, start: number): number | undefined {
    let at = start;
    while (at < body.length && (body[at] as number) > SPACE) at++;
    this.end = at;
    const text = String.fromCharCode(...body.subarray(start, Math.min(at, start + 400)));
    // Hexadecimal floats and digit separators are Go's, not the format's.
    return /[pP_]/.test(text) ? undefined : parseFloatGo(text);
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
