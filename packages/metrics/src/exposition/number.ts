import { parseFloatGo } from '../gonumber.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
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
   * Fast path: digits with or without a point. Up to 2^53 and 22 decimals the quotient is the correctly rounded value
   * (W. Clinger, "How to Read Floating Point Numbers Accurately", 1990); everything else goes the general way.
   */
  #plain(body: Uint8Array, start: number): number | undefined {
    const negative = body[start] === 0x2d;
    let at = negative ? start + 1 : start;
    const first = at;
    let digits = 0;
    let decimals = 0;
    let point = -1;
    for (; at < body.length; at++) {
      const byte = body[at] as number;
      if (byte >= 0x30 && byte <= 0x39) digits = digits * 10 + (byte - 0x30);
      else if (byte === 0x2e && point < 0) point = at;
      else break;
    }
    const last = body[at];
    if (at < body.length && last !== SPACE && last !== NEWLINE) return undefined;
    if (point >= 0) decimals = at - point - 1;
    if (at === first || digits > Number.MAX_SAFE_INTEGER || decimals > 22 || (point >= 0 && at - first === 1))
      return undefined;
    this.end = at;
    const value = decimals === 0 ? digits : digits / (POWERS_OF_TEN[decimals] as number);
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
