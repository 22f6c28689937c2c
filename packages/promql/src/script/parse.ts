import { Labels, parseDuration } from '@prunella/metrics';
import { parse } from '../parser/parse.ts';

/** A command of a `.test` file: see `shared/conformance/PROMQL.md` §3 for the language. */
export type ScriptCommand = ClearCommand | LoadCommand | EvalCommand;

interface Placed {
  /** 1-based */
  readonly line: number;
}

export interface ClearCommand extends Placed {
  readonly kind: 'clear';
}

export interface LoadCommand extends Placed {
  readonly kind: 'load';
  /** ms */
  readonly step: number;
  /** Also stores native histograms made of the classic ones. */
  readonly withHistograms: boolean;
  readonly lines: readonly string[];
}

export interface Expectation {
  readonly kind: 'fail' | 'warn' | 'info' | 'no_warn' | 'no_info' | 'ordered' | 'string' | 'range';
  readonly message?: string;
  readonly pattern?: string;
  readonly text?: string;
  /** ms */
  readonly range?: { readonly start: number; readonly end: number; readonly step: number };
}

export interface EvalCommand extends Placed {
  readonly kind: 'eval';
  readonly expr: string;
  /** ms */
  readonly at?: number;
  /** ms */
  readonly range?: { readonly start: number; readonly end: number; readonly step: number };
  readonly expectations: readonly Expectation[];
  readonly results: readonly string[];
}

/** A command that is not of the language. */
export class ScriptError extends Error {
  override name = 'ScriptError';
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Splits a file into commands. Nothing is thrown before its command is reached. */
export function* parseScript(text: string): Generator<ScriptCommand | ScriptError> {
  const lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  for (let i = 0; i < lines.length;) {
    if (lines[i] === '') {
      i++;
      continue;
    }
    const line = i + 1;
    const block: string[] = [lines[i++] as string];
    while (i < lines.length && lines[i] !== '' && !/^(clear|load|eval)/i.test(lines[i] as string)) {
      const next = lines[i++] as string;
      block.push(next);
      // A bare number is a scalar's result, and the end of its block.
      if (/^eval/i.test(block[0] as string) && isNumber(next)) break;
    }
    yield readCommand(block, line);
  }
}

function isNumber(text: string): boolean {
  return /^[+-]?(\d|\.\d|inf|nan)/i.test(text) && !/\s/.test(text);
}

function readCommand([head = '', ...body]: readonly string[], line: number): ScriptCommand | ScriptError {
  try {
    if (/^clear$/i.test(head)) return { kind: 'clear', line };
    const load = /^load(_with_nhcb)?\s+(\S+)$/i.exec(head);
    if (load) {
      return {
        kind: 'load',
        line,
        step: parseDuration(load[2] as string),
        withHistograms: load[1] !== undefined,
        lines: body,
      };
    }
    return readEval(head, body, line);
  } catch (error) {
    return new ScriptError(line, (error as Error).message);
  }
}

function readEval(head: string, body: readonly string[], line: number): EvalCommand | ScriptError {
  const match =
    /^eval(?:_(fail|warn|info|ordered))?\s+(?:instant\s+(?:at\s+(\S+)\s+)?|range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+)(.*)$/is.exec(
      head,
    );
  if (!match) return new ScriptError(line, `unknown command ${JSON.stringify(head)}`);
  const [, old, at, from, to, step, expr = ''] = match;
  const expectations = body.flatMap(readExpectation);
  if (old) expectations.push({ kind: old.toLowerCase() as 'fail' });
  const results = body.filter((text) => !/^(expect\s|expected_fail_)/.test(text));
  const times =
    from === undefined
      ? { at: at === undefined ? 0 : time(at) }
      : { range: rangeOf(from, to as string, step as string) };
  return { kind: 'eval', line, expr, expectations, results, ...times };
}

function readExpectation(text: string): Expectation[] {
  const failure = /^expected_fail_(message|regexp)\s+(.*)$/.exec(text);
  if (failure)
    return [
      {
        kind: 'fail',
        ...(failure[1] === 'message' ? { message: failure[2] as string } : { pattern: failure[2] as string }),
      },
    ];
  const range = /^expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/.exec(text);
  if (range)
    return [{ kind: 'range', range: rangeOf(range[1] as string, range[2] as string, range[3] as string) }];
  const match = /^expect\s+(fail|warn|info|no_warn|no_info|ordered|string)(?:\s+(.*))?$/.exec(text);
  if (!match) {
    if (/^expect\s/.test(text)) throw new Error(`unknown expectation ${JSON.stringify(text)}`);
    return [];
  }
  const [, kind, rest = ''] = match;
  const detail = /^(msg|regex):\s*(.*)$/.exec(rest);
  return [
    {
      kind: kind as Expectation['kind'],
      ...(detail?.[1] === 'msg' && { message: detail[2] as string }),
      ...(detail?.[1] === 'regex' && { pattern: detail[2] as string }),
      ...(kind === 'string' && { text: rest }),
    },
  ];
}

function rangeOf(from: string, to: string, step: string): { start: number; end: number; step: number } {
  return { start: time(from), end: time(to), step: time(step) };
}

/** A time since the epoch: a duration, with a sign if need be, or seconds. */
function time(text: string): number {
  if (text.startsWith('-')) return -time(text.slice(1));
  return /^[\d.]+$/.test(text) ? Number(text) * 1000 : parseDuration(text);
}

/** Splits `metric{a="b"} 1 2 3` into labels and values. @throws Error */
export function parseSeriesLine(line: string): { labels: Labels; values: string } {
  const end = selectorEnd(line);
  const selector = line.slice(0, end).trim();
  const values = line.slice(end).trim();
  if (selector === '' || selector === '{}') return { labels: Labels.empty, values };
  const expr = parse(selector);
  if (expr.kind !== 'selector') throw new Error(`not a series: ${selector}`);
  return { labels: Labels.fromEntries(expr.matchers.map(({ name, value }) => [name, value])), values };
}

/** Where the series ends and its values begin: after the closing brace, or after the name. */
function selectorEnd(line: string): number {
  const match = /^[a-zA-Z_:][\w:]*(@st)?(?=\s*\{)?|^/.exec(line);
  const name = match?.[0].length ?? 0;
  const brace = /^\s*\{/.exec(line.slice(name));
  // Values may hold histograms, whose braces are double.
  if (!brace || line.slice(name).trimStart().startsWith('{{')) return name;
  let quote = '';
  for (let i = name + brace[0].length; i < line.length; i++) {
    const char = line[i] as string;
    if (quote !== '') {
      if (char === '\\') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if (char === '}') return i + 1;
  }
  return line.length;
}
