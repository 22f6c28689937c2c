import * as v from 'valibot';

/** What a client sent is not what the route takes: 422 with the place and the reason. */
export class InputError extends Error {
  override name = 'InputError';
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  constructor(problems: readonly { path: string; message: string }[]) {
    super(problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; '));
    this.problems = problems;
  }
}

/** @throws InputError */
export function check<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new InputError(
    result.issues.map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message })),
  );
}

/** A number of the query string between two bounds. */
export function queryNumber(min: number, max: number, fallback: number): v.GenericSchema<unknown, number> {
  return v.optional(
    v.pipe(
      v.union([v.string(), v.number()]),
      v.transform(Number),
      v.number(`expected a number from ${min} to ${max}`),
      v.minValue(min, `expected a number from ${min} to ${max}`),
      v.maxValue(max, `expected a number from ${min} to ${max}`),
    ),
    fallback,
  ) as v.GenericSchema<unknown, number>;
}
