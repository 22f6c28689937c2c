import type { Matcher } from '@prunella/metrics';

/** Byte offsets into the expression, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

/** `@ 1600000000`, in ms, or one of the query's own edges. */
export type AtModifier = number | 'start' | 'end';

/** A duration that is computed: from literals (in seconds), or from the query's own step and range. */
export type DurationExpr =
  | { readonly kind: 'literal'; readonly value: number; readonly duration: boolean; readonly span: Span }
  | { readonly kind: 'step' | 'range'; readonly span: Span }
  | { readonly kind: 'paren'; readonly expr: DurationExpr; readonly span: Span }
  | { readonly kind: 'unary'; readonly op: '+' | '-'; readonly expr: DurationExpr; readonly span: Span }
  | {
      readonly kind: 'operation';
      readonly op: string;
      readonly left: DurationExpr;
      readonly right: DurationExpr;
      readonly span: Span;
    };

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Call
  | Aggregation
  | Unary
  | Binary
  | Paren;

interface Node {
  readonly span: Span;
}

export interface NumberLiteral extends Node {
  readonly kind: 'number';
  readonly value: number;
  /** Written as a duration (`5m`). */
  readonly duration?: boolean;
}

export interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}

export interface VectorSelector extends Node {
  readonly kind: 'selector';
  /** The name as it stands before the braces; '' where the name, if any, stands among the matchers. */
  readonly name: string;
  /** All matchers in the order in which they were written, first that of the name. */
  readonly matchers: readonly Matcher[];
  /** ms */
  offset: number;
  /** Takes the place of `offset` where that is known only with the query. */
  offsetExpr?: DurationExpr;
  at?: AtModifier;
  /** Samples at the edges of a range, or at the time looked at, are taken from, or made of, those beside it. */
  extended?: 'anchored' | 'smoothed';
}

export interface MatrixSelector extends Node {
  readonly kind: 'matrix';
  readonly selector: VectorSelector;
  /** ms */
  readonly range: number;
  readonly rangeExpr?: DurationExpr;
}

export interface Subquery extends Node {
  readonly kind: 'subquery';
  readonly expr: Expr;
  /** ms */
  readonly range: number;
  readonly rangeExpr?: DurationExpr;
  /** ms; absent = the engine's default */
  readonly step?: number;
  readonly stepExpr?: DurationExpr;
  /** ms */
  offset: number;
  offsetExpr?: DurationExpr;
  at?: AtModifier;
}

export interface Call extends Node {
  readonly kind: 'call';
  readonly func: string;
  readonly args: readonly Expr[];
}

export interface Aggregation extends Node {
  readonly kind: 'aggregation';
  readonly op: string;
  readonly expr: Expr;
  readonly param?: Expr;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

export interface Unary extends Node {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly expr: Expr;
}

export interface VectorMatching {
  readonly card: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  readonly on: boolean;
  readonly labels: readonly string[];
  readonly include: readonly string[];
  /** The value of a missing partner on that side. */
  readonly fillLeft?: number;
  readonly fillRight?: number;
}

export interface Binary extends Node {
  readonly kind: 'binary';
  readonly op: string;
  readonly left: Expr;
  readonly right: Expr;
  readonly bool: boolean;
  /** Present where both sides are vectors. */
  readonly matching?: VectorMatching;
}

export interface Paren extends Node {
  readonly kind: 'paren';
  readonly expr: Expr;
}
