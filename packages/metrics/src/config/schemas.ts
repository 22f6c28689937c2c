/** The pieces that the ecosystem's configuration files share. */
import * as v from 'valibot';
import { parseDuration } from '../duration.ts';
import { compilePattern } from '../matcher.ts';

/** A schema step that turns input with `convert`, whose exception becomes the issue's message. */
export function converted<T>(convert: (text: string) => T): v.GenericSchema<string, T> {
  return v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return convert(dataset.value);
      } catch (error) {
        addIssue({ message: (error as Error).message });
        return NEVER;
      }
    }),
  ) as v.GenericSchema<string, T>;
}

/** `1m30s` → milliseconds. */
export const duration: v.GenericSchema<string, number> = converted(parseDuration);

/** `512MB`, `1GiB`, `0` → bytes. Prometheus's units are powers of 1024 in either spelling. */
export const byteSize: v.GenericSchema<string | number, number> = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform(String),
  converted(parseByteSize),
);

export function parseByteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGTPE])i?)?B?$/.exec(text);
  if (!match) throw new Error(`not a valid size: ${JSON.stringify(text)} (write for example 512MB)`);
  const power = match[2] === undefined ? 0 : 'KMGTPE'.indexOf(match[2]) + 1;
  return Number(match[1]) * 1024 ** power;
}

/** A fully anchored RE2 expression, checked. */
export const regex: v.GenericSchema<string, string> = converted((text) => {
  compilePattern(text);
  return text;
});

/** A value that must not be shown. `JSON.stringify` and string conversion give `<secret>`. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '<secret>';
  }
  toJSON(): string {
    return '<secret>';
  }
}

export const secret: v.GenericSchema<string, Secret> = v.pipe(
  v.string(),
  v.transform((text) => new Secret(text)),
);
