import type { PipeNode } from './syntax/ast.ts';
import type { Tree } from './syntax/parse.ts';
import type { FuncMap, GoValue } from './values.ts';

/** Bounds of one execution, so that a hostile template can neither hang nor swell the process. */
export interface Limits {
  /** Length of the output in UTF-16 units. */
  readonly maxOutput: number;
  /** Steps: one per node evaluated, plus one per 16 characters that a function returns. */
  readonly maxSteps: number;
  /** Nesting of `{{template}}` calls. */
  readonly maxDepth: number;
}

export const defaultLimits: Limits = { maxOutput: 4 << 20, maxSteps: 2_000_000, maxDepth: 250 };

/** Where output goes: html/template puts its escaping here. */
export interface Sink {
  /** Text of the template itself. */
  text(text: string): void;
  /** A value that an action produced. `pipe` tells which escapers the author applied. */
  value(value: GoValue, pipe: PipeNode): void;
  readonly length: number;
  end(): string;
}

export interface Execution {
  readonly trees: ReadonlyMap<string, Tree>;
  readonly funcs: FuncMap;
  readonly missingKey: 'default' | 'zero' | 'error';
  readonly limits: Limits;
  readonly sink: Sink;
}

/** Thrown by functions for what only waiting can answer; see Template.executeAsync. Passes through unwrapped. */
export class Pending {
  readonly key: string;
  readonly start: () => Promise<unknown>;
  constructor(key: string, start: () => Promise<unknown>) {
    this.key = key;
    this.start = start;
  }
}

/** Counts what an execution has done. */
export class Budget {
  #steps = 0;
  readonly #limits: Limits;
  constructor(limits: Limits) {
    this.#limits = limits;
  }
  spend(steps: number): string | undefined {
    this.#steps += steps;
    return this.#steps > this.#limits.maxSteps ? `exceeded ${this.#limits.maxSteps} steps` : undefined;
  }
}
