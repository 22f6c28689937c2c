/** Secrets do not belong into evidence, however they got into a log. */

export type Mask = (text: string) => string;

const SECRET_WORD = '(?:PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|API[_-]?KEY|PRIVATE[_-]?KEY|CREDENTIALS?)';

// What a name goes on with is bounded, so that a long line of a hostile log costs no more than any other.
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // postgres://user:password@host: everything up to the last @ before the path is credentials.
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/?#@]{0,100}:)[^\s/?#]{0,500}@/gi, '$1***@'],
  [/\b(Bearer|Basic) {1,3}[A-Za-z0-9._~+/=-]+/gi, '$1 ***'],
  [
    new RegExp(
      `(${SECRET_WORD}[A-Za-z0-9_.-]{0,40}["']? {0,3}[=:] {0,3})("(?:[^"\\\\]|\\\\.)*"|'[^']*'|[^\\s,;&"'}\\])]+)`,
      'gi',
    ),
    '$1***',
  ],
];

// Shorter ones would blank out ordinary words.
const SHORTEST_VALUE = 6;

/** @param env variables whose names say that they are secret are masked by value as well, wherever they stand */
export function maskFor(env: Readonly<Record<string, string | undefined>>): Mask {
  const name = new RegExp(SECRET_WORD, 'i');
  const values = Object.entries(env)
    .flatMap(([key, value]) => (value === undefined ? [] : name.test(key) ? [value] : passwordsIn(value)))
    .filter((value) => value.length >= SHORTEST_VALUE)
    // A secret that is part of another one must not cut it in two.
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let masked = text;
    for (const value of values) masked = masked.replaceAll(value, '***');
    for (const [pattern, replacement] of PATTERNS) masked = masked.replace(pattern, replacement);
    return masked;
  };
}

/** `postgres://me:hush@db` → `hush`. */
function passwordsIn(value: string): string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*:([^\s/?#]*)@/i.exec(value)?.[1];
  return password ? [password] : [];
}
