import { Matcher, METRIC_NAME, type Labels } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import type { AtModifier, Expr, VectorSelector } from '../parser/ast.ts';
import { childrenOf } from '../parser/depth.ts';
import { vector } from './operands.ts';
import { durationOf, selectInstant, type Context } from './select.ts';
import { mergeEqual } from './series.ts';
import { copyStep, newSeries, type Grid, type StepSeries, type Value } from './value.ts';

/** By these an info series belongs to a series. */
const IDENTIFYING = ['instance', 'job'] as const;
const IDENTITY: ReadonlySet<string> = new Set(IDENTIFYING);
const TARGET_INFO = new Matcher('=', METRIC_NAME, 'target_info');
const ANY_INFO = new Matcher('=~', METRIC_NAME, '.+_info');

/** What the second argument chooses: info metrics by their names, and which of their labels are wanted. */
interface Choice {
  readonly names: readonly Matcher[];
  /** None: all labels. */
  readonly labels: readonly Matcher[];
}

function choiceOf(selector: Expr | undefined): Choice {
  const matchers = selector?.kind === 'selector' ? selector.matchers : [];
  const names = matchers.filter(({ name }) => name === METRIC_NAME);
  const labels = matchers.filter(({ name }) => name !== METRIC_NAME);
  if (names.length === 0) return { names: [TARGET_INFO], labels };
  const positive = names.some(({ type }) => type === '=' || type === '=~');
  // Without a word on what they are called, info metrics are those that end so.
  return { names: positive ? names : [ANY_INFO, ...names], labels };
}

/** `info(v, {…})`: the series of `v` with the labels of the info series that belong to them. */
export async function info(context: Context, args: readonly Expr[], grid: Grid): Promise<Value> {
  const base = await vector(context, args[0] as Expr, grid);
  const choice = choiceOf(args[1]);
  const isInfo = ({ labels }: StepSeries): boolean =>
    choice.names.every((matcher) => matcher.matches(labels.metricName));
  const plain = base.filter((series) => !isInfo(series));
  const found = await infoSeries(context, args[0] as Expr, plain, choice, grid);
  const groups = byIdentity(found);
  const enriched = base.flatMap((series) =>
    isInfo(series) ? [series] : enrich(series, groups, choice, grid),
  );
  return { type: 'vector', series: await mergeEqual(context.pacer, enriched) };
}

/** The info series that may belong to any of the series; their values are the times of their samples, in seconds. */
async function infoSeries(
  context: Context,
  arg: Expr,
  base: readonly StepSeries[],
  { names, labels }: Choice,
  grid: Grid,
): Promise<readonly StepSeries[]> {
  const identities = IDENTIFYING.flatMap((name) => {
    const values = new Set(base.map((series) => series.labels.get(name)).filter((value) => value !== ''));
    const pattern = [...values].map((value) => value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')).join('|');
    return values.size > 0 ? [new Matcher('=~', name, pattern)] : [];
  });
  if (identities.length === 0) return [];
  const matchers = [...names, ...identities, ...labels];
  const selector: VectorSelector = {
    kind: 'selector',
    name: '',
    matchers,
    span: arg.span,
    ...timesOf(context, arg),
  };
  return selectInstant(context, selector, grid, 'time');
}

interface Times {
  readonly at?: AtModifier;
  readonly offset: number;
}

/** Where the first selector of an expression looks: there its info series are looked for too. */
function timesOf(context: Context, expr: Expr): Times {
  const find = (node: Expr, outer: Times): Times | undefined => {
    const times =
      node.kind === 'selector' || node.kind === 'subquery' ? shifted(context, outer, node) : outer;
    if (node.kind === 'selector') return times;
    for (const child of childrenOf(node)) {
      const found = find(child, times);
      if (found) return found;
    }
    return undefined;
  };
  return find(expr, { offset: 0 }) ?? { offset: 0 };
}

function shifted(
  context: Context,
  outer: Times,
  { at, offset, offsetExpr }: Pick<VectorSelector, 'at' | 'offset' | 'offsetExpr'>,
): Times {
  const back = durationOf(context, offset, offsetExpr);
  return at === undefined ? { ...outer, offset: outer.offset + back } : { at, offset: back };
}

/** Info series by whom they belong to, then by their names. */
type Groups = ReadonlyMap<string, ReadonlyMap<string, readonly StepSeries[]>>;

function byIdentity(series: readonly StepSeries[]): Groups {
  const groups = new Map<string, Map<string, StepSeries[]>>();
  for (const each of series) {
    const identity = each.labels.keep(IDENTITY).key;
    const group = groups.get(identity) ?? new Map<string, StepSeries[]>();
    groups.set(identity, group);
    const name = each.labels.metricName;
    group.set(name, [...(group.get(name) ?? []), each]);
  }
  return groups;
}

/** A series parted where its info series change. */
function enrich(series: StepSeries, groups: Groups, { labels: wanted }: Choice, grid: Grid): StepSeries[] {
  const group = [...(groups.get(series.labels.keep(IDENTITY).key)?.values() ?? [])];
  const results = new Map<string, StepSeries>();
  for (let step = 0; step < grid.steps; step++) {
    if (!series.present[step]) continue;
    const chosen = group.flatMap((candidates) => newestAt(candidates, step) ?? []);
    const added = dataLabels(series.labels, chosen, wanted);
    if (Object.keys(added).length === 0 && wanted.some((matcher) => !matcher.matches(''))) continue;
    const labels = series.labels.with(added);
    let out = results.get(labels.key);
    if (!out) results.set(labels.key, (out = newSeries(labels, grid.steps, series.dropName)));
    copyStep(series, out, step);
  }
  return [...results.values()];
}

/** Of several info series of one name the one whose sample is newest. @throws QueryError where two are as new */
function newestAt(candidates: readonly StepSeries[], step: number): StepSeries | undefined {
  let newest: StepSeries | undefined;
  for (const each of candidates) {
    if (!each.present[step]) continue;
    const [time, known] = [each.values[step] as number, newest?.values[step] ?? -Infinity];
    if (newest && time === known) {
      const reason = `found duplicate series for info metric ${each.labels.metricName}`;
      throw new QueryError('execution', reason);
    }
    if (time > known) newest = each;
  }
  return newest;
}

/** The labels that info series add to a series, whose own they never change. @throws QueryError where they disagree */
function dataLabels(
  own: Labels,
  chosen: readonly StepSeries[],
  wanted: readonly Matcher[],
): Record<string, string> {
  const names = new Set(wanted.map(({ name }) => name));
  const added = new Map<string, string>();
  for (const { labels } of chosen) {
    for (const [name, value] of labels) {
      if (name === METRIC_NAME || (names.size > 0 && !names.has(name)) || own.has(name)) continue;
      const other = added.get(name);
      if (other !== undefined && other !== value)
        throw new QueryError('execution', `conflicting label: ${name}`);
      added.set(name, value);
    }
  }
  return Object.fromEntries(added);
}
