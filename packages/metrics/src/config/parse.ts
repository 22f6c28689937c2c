import {
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
} from 'yaml';
import * as v from 'valibot';

/** One thing wrong in a configuration file, with its place and, where there is one, the remedy. */
export interface ConfigProblem {
  readonly file: string;
  /** 1-based; 0 where the whole file is meant. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Bad input in a file that a person wrote. `message` holds every problem, one per line, as `file:line:column: message`. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
  return `${place}: ${problem.message}`;
}

export type Path = readonly (string | number)[];

/** A parsed YAML file that knows where everything stands. */
export class ConfigSource {
  readonly file: string;
  readonly text: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  /** @throws ConfigError for malformed YAML and keys given twice */
  constructor(text: string, file: string) {
    this.file = file;
    this.text = text;
    this.#lines = new LineCounter();
    this.#document = parseDocument(text, { lineCounter: this.#lines, merge: true, uniqueKeys: true });
    if (this.#document.errors.length > 0) {
      throw new ConfigError(
        this.#document.errors.map((error) => {
          const { line, col } = this.#lines.linePos(error.pos[0]);
          return {
            file,
            line,
            column: col,
            message: error.message.split('\n')[0]?.replace(/ at line .*$/, '') ?? '',
          };
        }),
      );
    }
  }

  /** The whole file as plain values; an empty file is an empty object. */
  get value(): unknown {
    return this.#document.toJS({ maxAliasCount: 1000 }) ?? {};
  }

  /**
   * As `value`, but numbers and booleans are strings as they were written: `0x10`, `1.50`, `yes`. For formats whose Go
   * structs have strings there.
   */
  get texts(): unknown {
    const copy = this.#document.clone();
    visit(copy, {
      Scalar(_, node) {
        if (typeof node.value === 'number' || typeof node.value === 'boolean')
          node.value = node.source ?? String(node.value);
      },
    });
    return copy.toJS({ maxAliasCount: 1000 }) ?? {};
  }

  problem(path: Path, message: string): ConfigProblem {
    return { file: this.file, ...this.position(path), message };
  }

  error(path: Path, message: string): ConfigError {
    return new ConfigError([this.problem(path, message)]);
  }

  /** Where the value at `path` stands (its key, inside maps), or the nearest thing around it. */
  position(path: Path): { line: number; column: number } {
    let node: unknown = this.#document.contents;
    let offset = 0;
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(
          (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
        );
        if (!pair) break;
        offset = startOf(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        const item = node.items[Number(step)];
        if (item === undefined) break;
        offset = startOf(item) ?? offset;
        node = item;
      } else break;
    }
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/**
 * Parses YAML and validates it into the schema's type. Unknown keys are errors when the schema uses `v.strictObject`.
 * @throws ConfigError with every problem found
 */
export function parseConfig<S extends v.GenericSchema>(
  text: string,
  file: string,
  schema: S,
): v.InferOutput<S> {
  const source = new ConfigSource(text, file);
  return validate(source, schema);
}

export function validate<S extends v.GenericSchema>(
  source: ConfigSource,
  schema: S,
  value: unknown = source.value,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const problems = result.issues.flatMap(leafIssues).map((issue) => {
    const path = (issue.path ?? []).map((item) => item.key as string | number);
    return source.problem(path, describeIssue(issue, path));
  });
  throw new ConfigError(problems);
}

/** Of a union's issue, the issues of the alternative that came closest say more than "expected A | B". */
function leafIssues(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown>[] {
  if (!issue.issues || issue.type !== 'union' || issue.issues.every((inner) => inner.path === undefined))
    return [issue];
  const deepest = issue.issues.reduce((a, b) => ((b.path?.length ?? 0) > (a.path?.length ?? 0) ? b : a));
  return [{ ...deepest, path: [...(issue.path ?? []), ...(deepest.path ?? [])] } as v.BaseIssue<unknown>];
}

function describeIssue(issue: v.BaseIssue<unknown>, path: Path): string {
  const key = path.at(-1);
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return `unknown key ${JSON.stringify(key)}`;
  if (issue.kind === 'schema' && issue.received === 'undefined') return `missing key ${JSON.stringify(key)}`;
  if (issue.message.startsWith('Invalid ')) {
    const at = key === undefined ? '' : `${path.join('.')}: `;
    return `${at}expected ${issue.expected}, got ${issue.received}`;
  }
  return key === undefined ? issue.message : `${path.join('.')}: ${issue.message}`;
}
