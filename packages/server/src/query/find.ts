import { Labels, type Matcher, type Queryable } from '@prunella/metrics';
import { print, type Expr } from '@prunella/promql';
import { answerPieces } from './json.ts';
import { BadRequest, type Params } from './params.ts';
import type { QueryParts } from './routes.ts';

const [EARLIEST, LATEST] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
const TRUNCATED = 'results truncated due to limit';

/** The series that match, with nothing but their labels. @throws BadRequest */
export async function findSeries({ storage }: QueryParts, params: Params): Promise<Iterable<string>> {
  if (params.all('match[]').length === 0) throw new BadRequest('no match[] parameter provided');
  const [limit, start, end] = [params.limit(), params.time('start', EARLIEST), params.time('end', LATEST)];
  const selectors = params.matchers();
  const querier = storage.querier(start, end);
  const found = new Map<string, Labels>();
  try {
    for (const matchers of start > end ? [] : selectors) {
      for await (const batch of querier.select(matchers, { func: 'series' })) {
        for (const { labels } of batch) found.set(labels.key, labels);
        if (found.size > limit) break;
      }
    }
  } finally {
    querier.close();
  }
  const data = [...found.values()].sort((a, b) => Labels.compare(a, b));
  return listAnswer(data, limit, querier.warnings);
}

/** Names or values of labels, of matching series or of all. @throws BadRequest */
export async function findNames(
  { storage }: QueryParts,
  params: Params,
  read: (querier: ReturnType<Queryable['querier']>, matchers: readonly Matcher[]) => Promise<string[]>,
): Promise<Iterable<string>> {
  const [limit, start, end] = [params.limit(), params.time('start', EARLIEST), params.time('end', LATEST)];
  const selectors = params.matchers((why) => new BadRequest(why));
  const querier = storage.querier(start, end);
  try {
    const lists = await Promise.all(
      (selectors.length === 0 ? [[]] : selectors).map((matchers) => read(querier, matchers)),
    );
    const data = lists.length === 1 ? (lists[0] as string[]) : [...new Set(lists.flat())].sort();
    return listAnswer(data, limit, querier.warnings);
  } finally {
    querier.close();
  }
}

function listAnswer(data: readonly unknown[], limit: number, warnings: readonly string[]): Iterable<string> {
  return answerPieces(data.slice(0, limit), data.length > limit ? [...warnings, TRUNCATED] : warnings);
}

/** What is known about metrics. @throws BadRequest */
export function findMetadata(parts: QueryParts, params: Params): unknown {
  const metric = params.get('metric');
  const [limit, perMetric] = [params.metadataLimit('limit'), params.metadataLimit('limit_per_metric')];
  const entries = [...parts.metadata()]
    .filter(([name]) => metric === undefined || name === metric)
    .slice(0, limit);
  return Object.fromEntries(entries.map(([name, list]) => [name, list.slice(0, perMetric)]));
}

/** The exemplars of the series that an expression selects; undefined where it selects none. @throws BadRequest */
export async function findExemplars(
  { storage, now }: QueryParts,
  params: Params,
  parsed: () => Expr,
): Promise<unknown> {
  const [start, end] = [params.time('start', EARLIEST), params.time('end', now())];
  if (end < start) throw new BadRequest('end timestamp must not be before start timestamp');
  const selectors = selectorsOf(parsed());
  if (selectors.length === 0) return undefined;
  const found = (await storage.exemplars?.(start, end, selectors)) ?? [];
  return found.map(({ labels, exemplars }) => ({
    seriesLabels: labels,
    exemplars: exemplars.map(({ labels: own, value, timestamp = 0 }) => ({
      labels: own,
      value: String(value),
      timestamp: timestamp / 1000,
    })),
  }));
}

/** The matchers of every selector in an expression. */
function selectorsOf(expr: Expr): (readonly Matcher[])[] {
  switch (expr.kind) {
    case 'selector':
      return [expr.matchers];
    case 'matrix':
      return [expr.selector.matchers];
    case 'binary':
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)];
    case 'call':
      return expr.args.flatMap(selectorsOf);
    case 'aggregation':
    case 'paren':
    case 'subquery':
    case 'unary':
      return selectorsOf(expr.expr);
    case 'number':
    case 'string':
      return [];
    default:
      throw new Error(`BUG: no selectors known in ${print(expr)}`);
  }
}

/** Prometheus's escaping of names in URLs: `U__` then `_2e_` for a dot, `__` for an underscore. */
export function unescapeName(name: string): string {
  return name
    .slice(3)
    .replace(/__|_([0-9a-fA-F]{1,6})_/g, (_, code?: string) =>
      code ? String.fromCodePoint(Number.parseInt(code, 16)) : '_',
    );
}
