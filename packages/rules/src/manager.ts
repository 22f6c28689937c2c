import { Matcher, Labels, type Appendable, type Clock, type Logger, type Queryable } from '@prunella/metrics';
import { escapeQuery } from '@prunella/gotemplate';
import { Registry } from 'prom-client';
import type { RuleFile } from './config/model.ts';
import { RuleGroup, type GroupContext } from './group/group.ts';
import { restoreGroup } from './group/restore.ts';
import { runGroup } from './group/schedule.ts';
import { createRuleMetrics, type RuleMetrics } from './metrics.ts';
import type { ActiveAlert } from './rule/alerting.ts';
import type { Query } from './rule/template.ts';

/** An alert as a notifier takes it. Times are ms. */
export interface RuleAlert {
  /** With the external labels. */
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: number;
  /** In the past: it has resolved. In the future: it resolves then, unless it is sent again before. */
  readonly endsAt: number;
  readonly generatorURL: string;
}

export interface RuleManagerOptions {
  readonly query: Query;
  readonly appendable: Appendable;
  /** Where ALERTS_FOR_STATE is read from after a start. */
  readonly queryable: Queryable;
  /** Takes firing and resolved alerts. A failure is logged; the alerts come again after the resend delay. */
  readonly notify: (alerts: readonly RuleAlert[]) => void | Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry?: Registry;
  /** Where this server is reached: for `generatorURL` and templates. */
  readonly externalURL?: string;
  /** ms; default 1 m */
  readonly resendDelay?: number;
  /** ms; default 1 h */
  readonly outageTolerance?: number;
  /** ms; default 10 m */
  readonly gracePeriod?: number;
}

/** From the global section of prometheus.yml. */
export interface RuleSettings {
  /** ms; default 1 m */
  readonly evaluationInterval?: number;
  /** ms; default 0 */
  readonly queryOffset?: number;
  readonly externalLabels?: Labels;
}

interface Running {
  readonly group: RuleGroup;
  readonly fingerprint: string;
  readonly abort: AbortController;
  done: Promise<void>;
}

/** Runs rule groups, each in a loop of its own. */
export class RuleManager {
  readonly #options: RuleManagerOptions;
  readonly #metrics: RuleMetrics;
  #running = new Map<string, Running>();
  #settings: RuleSettings = {};
  #started = false;
  /** Whether alerts may have a past in the storage: true only for the groups that a start finds. */
  #restoring = true;
  #abort = new AbortController();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: RuleManagerOptions) {
    this.#options = options;
    this.#metrics = createRuleMetrics(options.registry ?? new Registry());
  }

  /**
   * Runs these groups from now on. Groups that did not change go on undisturbed; changed ones keep the state of the
   * alerts whose rules they still have; series of rules that are gone are marked as ended.
   */
  async apply(files: readonly RuleFile[], settings: RuleSettings = {}): Promise<void> {
    const before = this.#running;
    const changed = JSON.stringify(settings) !== JSON.stringify(this.#settings);
    this.#settings = settings;
    const next = new Map<string, Running>();
    const starting: { running: Running; previous: Running | undefined }[] = [];
    for (const config of files.flatMap((file) => file.groups)) {
      const key = `${config.file};${config.name}`;
      const fingerprint = JSON.stringify(config);
      const previous = before.get(key);
      if (previous && previous.fingerprint === fingerprint && !changed) {
        next.set(key, previous);
        continue;
      }
      const running = this.#create(config, fingerprint);
      next.set(key, running);
      starting.push({ running, previous });
    }
    this.#running = next;
    for (const [key, old] of before) if (!next.has(key)) this.#retire(key, old);
    await Promise.all(starting.map(({ running, previous }) => this.#replace(running, previous)));
  }

  async #replace(running: Running, previous: Running | undefined): Promise<void> {
    if (previous) {
      previous.abort.abort();
      await previous.done;
      running.group.inherit(previous.group);
    }
    if (this.#started) this.#run(running);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#abort = new AbortController();
    for (const running of this.#running.values()) this.#run(running);
    this.#restoring = false;
  }

  /** Resolves when nothing runs any more. Alerts stay as they are, for a later `start`. */
  async stop(): Promise<void> {
    this.#started = false;
    this.#abort.abort();
    for (const { abort } of this.#running.values()) abort.abort();
    await Promise.all([...[...this.#running.values()].map(({ done }) => done), ...this.#ending]);
    for (const [key, { group, fingerprint }] of this.#running) {
      this.#running.set(key, { group, fingerprint, abort: new AbortController(), done: Promise.resolve() });
    }
  }

  /** In the order of files and groups within them. */
  groups(): readonly RuleGroup[] {
    const groups = [...this.#running.values()].map(({ group }) => group);
    return groups.sort(
      (a, b) => compare(a.config.file, b.config.file) || compare(a.config.name, b.config.name),
    );
  }

  /** Pending and firing alerts of all rules. */
  alerts(): readonly ActiveAlert[] {
    return this.groups().flatMap(({ rules }) =>
      rules.flatMap(({ alerting }) => alerting?.activeAlerts() ?? []),
    );
  }

  /**
   * The expression of the rule that an alert came from, by the alert's labels, and the labels that the rule itself sets,
   * which those of the series need not equal; undefined where no rule fits.
   */
  expressionOf(
    labels: Labels,
  ): { readonly expr: string; readonly ruleLabels: readonly string[] } | undefined {
    const candidates = this.groups()
      .flatMap(({ rules }) => rules)
      .filter(({ config }) => config.type === 'alerting' && config.name === labels.get('alertname'));
    const plain = this.#withoutExternal(labels);
    const own = candidates.find(({ alerting }) => alerting?.has(labels) || alerting?.has(plain));
    const fitting = candidates.find(({ config }) => fits(config.labels, labels));
    const config = (own ?? fitting)?.config;
    return config && { expr: config.expr, ruleLabels: Object.keys(config.labels) };
  }

  #create(config: RuleGroup['config'], fingerprint: string): Running {
    const { evaluationInterval = 60_000, queryOffset = 0 } = this.#settings;
    const defaults = { interval: evaluationInterval, queryOffset, restored: !this.#restoring };
    const group = new RuleGroup(config, defaults, this.#context());
    return { group, fingerprint, abort: new AbortController(), done: Promise.resolve() };
  }

  #context(): GroupContext {
    const { query, appendable, clock, logger, externalURL = '', resendDelay = 60_000 } = this.#options;
    const externalLabels = this.#settings.externalLabels ?? Labels.empty;
    const send = (expr: string, alerts: readonly ActiveAlert[]): void => this.#send(expr, alerts);
    const metrics = this.#metrics;
    return { query, appendable, clock, logger, metrics, externalLabels, externalURL, resendDelay, send };
  }

  #run(running: Running): void {
    const { group, abort } = running;
    const { clock } = this.#options;
    const needsRestore = group.rules.some(({ alerting }) => alerting && !alerting.restored);
    const restore = needsRestore ? () => this.#restore(group) : undefined;
    running.done = runGroup({ group, clock, metrics: this.#metrics, signal: abort.signal, restore });
  }

  async #restore(group: RuleGroup): Promise<void> {
    const { clock, logger, queryable, outageTolerance = 3_600_000, gracePeriod = 600_000 } = this.#options;
    const began = clock.now();
    try {
      await restoreGroup(group, began, { queryable, outageTolerance, gracePeriod });
    } catch (error) {
      logger.error({ group: group.config.name, err: error }, 'restoring alert states failed');
    }
    this.#metrics.lastRestoreDuration.set({ rule_group: group.key }, (clock.now() - began) / 1000);
  }

  /** A group is gone. Its series end, but not before a renamed group could have taken them up. */
  #retire(key: string, old: Running): void {
    old.abort.abort();
    const { clock } = this.#options;
    const end = async (): Promise<void> => {
      await old.done;
      this.#metrics.remove(key);
      if (this.#abort.signal.aborted || !this.#started) return;
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, 2 * old.group.interval);
        this.#abort.signal.addEventListener('abort', () => (timer.cancel(), resolve()), { once: true });
      });
      // On shutdown the series just stop, as those of scraped targets do: they may go on after the restart.
      if (!this.#abort.signal.aborted) await old.group.endSeries(clock.now());
    };
    const promise = end().finally(() => this.#ending.delete(promise));
    this.#ending.add(promise);
  }

  #send(expr: string, alerts: readonly ActiveAlert[]): void {
    const { externalURL = '', logger, notify } = this.#options;
    const generatorURL = `${externalURL.replace(/\/$/, '')}/graph?g0.expr=${escapeQuery(expr)}&g0.tab=1`;
    const sent = alerts.map((alert) => ({
      labels: this.#withExternal(alert.labels),
      annotations: alert.annotations,
      startsAt: alert.firedAt ?? alert.activeAt,
      endsAt: alert.resolvedAt ?? alert.validUntil ?? alert.activeAt,
      generatorURL,
    }));
    // Not awaited: a slow receiver must not delay the rules.
    void (async () => notify(sent))().catch((error: unknown) => {
      logger.error({ err: error, alerts: sent.length }, 'sending alerts failed');
    });
  }

  #withoutExternal(labels: Labels): Labels {
    const external = this.#settings.externalLabels ?? Labels.empty;
    const names = [...external].filter(([name, value]) => labels.get(name) === value).map(([name]) => name);
    return labels.drop(new Set(names));
  }

  #withExternal(labels: Labels): Labels {
    const external = this.#settings.externalLabels ?? Labels.empty;
    return external.size === 0 ? labels : Labels.fromEntries([...external, ...labels]);
  }
}

/** Whether an alert with these labels can come from a rule that sets these; templated values fit anything. */
function fits(rule: Readonly<Record<string, string>>, labels: Labels): boolean {
  return Object.entries(rule).every(
    ([name, value]) => value.includes('{{') || new Matcher('=', name, value).matchesLabels(labels),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
