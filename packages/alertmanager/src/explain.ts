import type { Labels } from '@prunella/metrics';
import type { Configuration } from './config/load.ts';
import { printMatchers } from './match/matcher.ts';
import { timeMutedBy } from './notify/pipeline.ts';
import type { Route } from './route.ts';

/** One node that was looked at, in the order of looking. */
export interface RouteStep {
  /** 0 = root */
  readonly depth: number;
  /** `{team="db"}` */
  readonly matchers: string;
  /** The first matcher that says no, with the label's value; undefined where all say yes. */
  readonly refusal: string | undefined;
  readonly continue: boolean;
}

export interface TakenRoute {
  readonly receiver: string;
  readonly groupLabels: Labels;
  /** ms */
  readonly groupWait: number;
  readonly groupInterval: number;
  readonly repeatInterval: number;
  /** Time intervals that keep it silent at that time. */
  readonly mutedBy: readonly string[];
}

export interface RouteExplanation {
  readonly steps: readonly RouteStep[];
  readonly taken: readonly TakenRoute[];
}

/** Which routes an alert takes, why, and when it is told of. @param time ms */
export function explainRoute(configuration: Configuration, labels: Labels, time: number): RouteExplanation {
  const steps: RouteStep[] = [];
  walk(configuration.route, labels, 0, steps);
  const taken = configuration.route.match(labels).map((route) => ({
    receiver: route.options.receiver,
    groupLabels: route.groupLabels(labels),
    groupWait: route.options.groupWait,
    groupInterval: route.options.groupInterval,
    repeatInterval: route.options.repeatInterval,
    mutedBy: timeMutedBy(route, configuration.intervals, time),
  }));
  return { steps, taken };
}

/** Notes every node that `Route.match` looks at. @returns whether this one matched */
function walk(route: Route, labels: Labels, depth: number, steps: RouteStep[]): boolean {
  const no = route.matchers.find((matcher) => !matcher.matches(labels.get(matcher.name)));
  steps.push({
    depth,
    matchers: printMatchers(route.matchers),
    refusal: no && `${String(no)}, but ${no.name} is ${JSON.stringify(labels.get(no.name))}`,
    continue: route.continue,
  });
  if (no) return false;
  for (const child of route.routes) {
    if (walk(child, labels, depth + 1, steps) && !child.continue) break;
  }
  return true;
}
