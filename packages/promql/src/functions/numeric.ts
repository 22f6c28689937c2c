/** Functions of one value, and of a value and constants. */
export const MATH_FUNCTIONS: ReadonlyMap<string, (value: number) => number> = new Map<
  string,
  (value: number) => number
>([
  ['abs', Math.abs],
  ['acos', Math.acos],
  ['acosh', Math.acosh],
  ['asin', Math.asin],
  ['asinh', Math.asinh],
  ['atan', Math.atan],
  ['atanh', Math.atanh],
  ['ceil', Math.ceil],
  ['cos', Math.cos],
  ['cosh', cosh],
  ['deg', (value) => (value * 180) / Math.PI],
  ['exp', Math.exp],
  ['floor', Math.floor],
  ['ln', Math.log],
  ['log10', Math.log10],
  ['log2', Math.log2],
  ['rad', (value) => (value * Math.PI) / 180],
  ['sgn', Math.sign],
  ['sin', Math.sin],
  ['sinh', sinh],
  ['sqrt', Math.sqrt],
  ['tan', Math.tan],
  ['tanh', Math.tanh],
]);

/** Go's math.Sinh and math.Cosh go over to Exp from 21 on, and so to infinity where that does. */
function sinh(x: number): number {
  return Math.abs(x) > 21 ? Math.sign(x) * Math.exp(Math.abs(x)) * 0.5 : Math.sinh(x);
}

function cosh(x: number): number {
  return Math.abs(x) > 21 ? Math.exp(Math.abs(x)) * 0.5 : Math.cosh(x);
}

/** Go's math.Max and math.Min: the infinity that decides wins over NaN. */
export function maxOf(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

export function minOf(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

export function roundTo(value: number, nearest: number): number {
  // Through the inverse, as Prometheus does, for fewer rounding errors with fractions.
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** Go's math.Pow, which JavaScript departs from where the base is ±1. */
export function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent)) return 1;
  return base ** exponent;
}

/** Go's math.Mod keeps the sign of the dividend, as % does here. */
export const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
};

export const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};
