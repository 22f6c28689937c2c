import type { Alert } from '../alert.ts';
import type { Route } from '../route.ts';
import { Group, type GroupParts } from './group.ts';

export type DispatcherParts = Omit<GroupParts, 'onEmpty'>;

/** Sorts alerts into the groups of the routes that they take. */
export class Dispatcher {
  readonly #root: Route;
  readonly #parts: GroupParts;
  readonly #groups = new Map<Route, Map<string, Group>>();
  #stopped = false;

  constructor(root: Route, parts: DispatcherParts) {
    this.#root = root;
    this.#parts = { ...parts, onEmpty: (group) => this.#groups.get(group.route)?.delete(group.labels.key) };
  }

  /** After `stop()` nothing happens: whoever comes next is told of all alerts. */
  dispatch(alert: Alert): void {
    if (this.#stopped) return;
    for (const route of this.#root.match(alert.labels)) this.#group(route, alert).insert(alert);
  }

  *groups(): IterableIterator<Group> {
    for (const groups of this.#groups.values()) yield* groups.values();
  }

  /** Resolves when no delivery is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(Array.from(this.groups(), (group) => group.stop()));
  }

  #group(route: Route, alert: Alert): Group {
    let groups = this.#groups.get(route);
    if (!groups) this.#groups.set(route, (groups = new Map()));
    const labels = route.groupLabels(alert.labels);
    let group = groups.get(labels.key);
    if (!group) groups.set(labels.key, (group = new Group(route, labels, this.#parts)));
    return group;
  }
}
