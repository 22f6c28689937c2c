import { sprintf } from '@prunella/gotemplate';
import type { Labels } from '@prunella/metrics';
import { matchAll, printMatchers, type Matcher } from './match/matcher.ts';

/** What a route leaves unsaid it takes from its parent. Durations in ms. */
export interface RouteOptions {
  readonly receiver: string;
  /** 'all' is `group_by: ['...']`: every alert is a group of its own. */
  readonly groupBy: ReadonlySet<string> | 'all';
  readonly groupWait: number;
  readonly groupInterval: number;
  readonly repeatInterval: number;
  /** Ours: tell of alerts that were told of and then resolved while silenced or inhibited. */
  readonly resolveMuted: boolean;
  /** Templated labels for receivers; a child adds to its parent's. */
  readonly labels: Readonly<Record<string, string>>;
}

export const ROOT_DEFAULTS: Omit<RouteOptions, 'receiver'> = {
  groupBy: new Set(),
  groupWait: 30_000,
  groupInterval: 300_000,
  repeatInterval: 4 * 3_600_000,
  resolveMuted: false,
  labels: {},
};

/** A node as the configuration file has it; times checked, matchers compiled and sorted. */
export interface RouteNode extends Partial<RouteOptions> {
  readonly matchers: readonly Matcher[];
  readonly continue: boolean;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly routes: readonly RouteNode[];
}

export class Route {
  readonly options: RouteOptions;
  readonly matchers: readonly Matcher[];
  readonly continue: boolean;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly routes: readonly Route[];
  /** The first part of group keys: the matchers from the root down, `{}/{severity="critical"}`. */
  readonly key: string;
  /** Where it stands: the indices from the root down, `0/2`. Unlike keys no two routes share one. */
  readonly id: string;

  constructor(node: RouteNode, parent?: Route, index = 0) {
    const inherited = parent?.options ?? { ...ROOT_DEFAULTS, receiver: '' };
    this.options = {
      receiver: node.receiver ?? inherited.receiver,
      groupBy: node.groupBy ?? inherited.groupBy,
      groupWait: node.groupWait ?? inherited.groupWait,
      groupInterval: node.groupInterval ?? inherited.groupInterval,
      repeatInterval: node.repeatInterval ?? inherited.repeatInterval,
      resolveMuted: node.resolveMuted ?? inherited.resolveMuted,
      labels: { ...inherited.labels, ...node.labels },
    };
    this.matchers = node.matchers;
    this.continue = node.continue;
    this.muteTimeIntervals = node.muteTimeIntervals;
    this.activeTimeIntervals = node.activeTimeIntervals;
    this.key = (parent ? `${parent.key}/` : '') + printMatchers(node.matchers);
    this.id = parent ? `${parent.id}/${index}` : '0';
    this.routes = node.routes.map((child, i) => new Route(child, this, i));
  }

  /**
   * The routes that an alert takes: depth first, the deepest node that matches; a sibling after the first that matched
   * only where that says `continue`.
   */
  match(labels: Labels): Route[] {
    if (!matchAll(this.matchers, labels)) return [];
    const matched: Route[] = [];
    for (const child of this.routes) {
      const below = child.match(labels);
      matched.push(...below);
      if (below.length > 0 && !child.continue) break;
    }
    return matched.length > 0 ? matched : [this];
  }

  /** The labels that alerts of one group share. */
  groupLabels(labels: Labels): Labels {
    const { groupBy } = this.options;
    return groupBy === 'all' ? labels : labels.keep(groupBy);
  }

  /** This node and all below it. */
  *walk(): IterableIterator<Route> {
    yield this;
    for (const child of this.routes) yield* child.walk();
  }
}

/** What the notification log and receivers know a group by: `{}/{severity="critical"}:{alertname="X"}`. */
export function groupKey(route: Route, groupLabels: Labels): string {
  return `${route.key}:${printLabels(groupLabels)}`;
}

function printLabels(labels: Labels): string {
  return `{${Array.from(labels, ([name, value]) => `${name}=${quote(value)}`).join(', ')}}`;
}

/** Go's %q. */
function quote(value: string): string {
  return /^[ !#-[\]-~]*$/.test(value) ? `"${value}"` : sprintf('%q', [value]);
}
