import { Labels, METRIC_NAME, type FloatHistogram } from '@prunella/metrics';
import type { VectorSample } from '@prunella/promql';
import type { AlertingRuleConfig } from '../config/model.ts';
import { inTurns } from '../turns.ts';
import { RuleError, vectorOf, type RuleSample } from './rule.ts';
import { RuleTemplates, type Expander, type Query } from './template.ts';

export type AlertState = 'inactive' | 'pending' | 'firing';

/** One alert of a rule. Times are ms since the epoch. */
export interface ActiveAlert {
  state: AlertState;
  readonly labels: Labels;
  annotations: Labels;
  value: number;
  histogram: FloatHistogram | undefined;
  /** When the expression first held. */
  activeAt: number;
  firedAt: number | undefined;
  resolvedAt: number | undefined;
  keepFiringSince: number | undefined;
  lastSentAt: number | undefined;
  /** Until when the receiver may take it for firing. */
  validUntil: number | undefined;
}

/** A resolved alert is told again for so long, in case the receiver missed it. */
const RESOLVED_RETENTION_MS = 15 * 60_000;

export const ALERTS = 'ALERTS';
export const ALERTS_FOR_STATE = 'ALERTS_FOR_STATE';

export interface AlertingContext {
  readonly query: Query;
  /** The evaluation time; the query runs `queryOffset` earlier. */
  readonly time: number;
  readonly queryOffset: number;
  readonly limit: number;
  readonly externalLabels: Labels;
  readonly externalURL: string;
  readonly signal?: AbortSignal | undefined;
}

/** The state machine of an alerting rule: inactive → pending (for `for`) → firing → resolved. */
export class AlertingRule {
  readonly config: AlertingRuleConfig;
  readonly #templates: RuleTemplates;
  #active = new Map<string, ActiveAlert>();
  /** Until the state before a restart was looked up, nothing is written that would overwrite it. */
  restored: boolean;

  constructor(config: AlertingRuleConfig, restored: boolean, onTemplateFailure: () => void = () => {}) {
    this.config = config;
    this.restored = restored;
    this.#templates = new RuleTemplates(config.name, onTemplateFailure);
  }

  /** All alerts, those recently resolved included. */
  get alerts(): Iterable<ActiveAlert> {
    return this.#active.values();
  }

  /** Whether it has an alert with exactly these labels. */
  has(labels: Labels): boolean {
    return this.#active.has(labels.key);
  }

  /** Pending and firing alerts. */
  activeAlerts(): ActiveAlert[] {
    return [...this.#active.values()].filter((alert) => alert.resolvedAt === undefined);
  }

  /** The worst state of its alerts. */
  get state(): AlertState {
    let state: AlertState = 'inactive';
    for (const alert of this.#active.values()) {
      if (alert.state === 'firing') return 'firing';
      if (alert.state === 'pending') state = 'pending';
    }
    return state;
  }

  /** Goes on with the alerts of the same rule before a reload. */
  inherit(previous: AlertingRule): void {
    this.#active = previous.#active;
    this.restored = previous.restored;
  }

  /** @returns the samples of ALERTS and ALERTS_FOR_STATE. @throws what the query throws; RuleError */
  async evaluate(context: AlertingContext): Promise<RuleSample[]> {
    const { time, limit } = context;
    const vector = vectorOf(
      await context.query(this.config.expr, time - context.queryOffset, context.signal),
    );
    const current = await this.#current(vector, context);
    for (const [key, alert] of current) this.#merge(key, alert);
    let active = 0;
    const samples: RuleSample[] = [];
    for (const [key, alert] of this.#active) {
      if (!this.#advance(key, alert, current.has(key), time)) continue;
      active++;
      if (this.restored)
        samples.push(alertSample(alert, this.config.name), stateSample(alert, this.config.name));
    }
    if (limit > 0 && active > limit) {
      this.#active = new Map();
      throw new RuleError(`exceeded limit of ${limit} with ${active} alerts`);
    }
    return samples;
  }

  /** The alerts that the vector stands for, by label set. */
  async #current(
    vector: readonly VectorSample[],
    context: AlertingContext,
  ): Promise<Map<string, ActiveAlert>> {
    const expander = this.#templates.at(context);
    const current = new Map<string, ActiveAlert>();
    await inTurns(vector, async (sample) => {
      const alert = await this.#fromSample(sample, expander, context.time);
      const { key } = alert.labels;
      if (current.has(key)) {
        throw new RuleError('vector contains metrics with the same labelset after applying alert labels');
      }
      current.set(key, alert);
    });
    return current;
  }

  async #fromSample(sample: VectorSample, expander: Expander, time: number): Promise<ActiveAlert> {
    const own = await expander.expand(this.config.labels, sample);
    const annotations = await expander.expand(this.config.annotations, sample);
    return {
      state: 'pending',
      labels: sample.labels.with({ [METRIC_NAME]: '', ...own, alertname: this.config.name }),
      annotations: Labels.from(annotations),
      value: sample.value,
      histogram: sample.histogram,
      activeAt: time,
      firedAt: undefined,
      resolvedAt: undefined,
      keepFiringSince: undefined,
      lastSentAt: undefined,
      validUntil: undefined,
    };
  }

  #merge(key: string, now: ActiveAlert): void {
    const alert = this.#active.get(key);
    if (!alert || alert.state === 'inactive') {
      this.#active.set(key, now);
      return;
    }
    alert.value = now.value;
    alert.histogram = now.histogram;
    alert.annotations = now.annotations;
  }

  /** One step of an alert's life. @returns whether it is pending or firing afterwards */
  #advance(key: string, alert: ActiveAlert, holds: boolean, time: number): boolean {
    if (holds) alert.keepFiringSince = undefined;
    else if (!this.#keepsFiring(alert, time)) {
      this.#resolve(key, alert, time);
      return false;
    }
    if (alert.state === 'pending' && time - alert.activeAt >= this.config.for) {
      alert.state = 'firing';
      alert.firedAt = time;
    }
    return true;
  }

  #keepsFiring(alert: ActiveAlert, time: number): boolean {
    if (alert.state !== 'firing' || this.config.keepFiringFor === 0) return false;
    alert.keepFiringSince ??= time;
    return time - alert.keepFiringSince < this.config.keepFiringFor;
  }

  #resolve(key: string, alert: ActiveAlert, time: number): void {
    const expired = alert.resolvedAt !== undefined && time - alert.resolvedAt > RESOLVED_RETENTION_MS;
    if (alert.state === 'pending' || (alert.state === 'inactive' && expired)) this.#active.delete(key);
    if (alert.state === 'inactive') return;
    alert.state = 'inactive';
    alert.resolvedAt = time;
  }

  /** The alerts to be told now: firing, or resolved since they were last told; again after `resendDelay`. */
  takeDue(time: number, resendDelay: number, interval: number): ActiveAlert[] {
    const due = [...this.#active.values()].filter((alert) => isDue(alert, time, resendDelay));
    for (const alert of due) {
      alert.lastSentAt = time;
      // Three messages may get lost before the receiver thinks that the alert has resolved.
      alert.validUntil = time + 4 * Math.max(resendDelay, interval);
    }
    return due;
  }
}

function isDue(alert: ActiveAlert, time: number, resendDelay: number): boolean {
  if (alert.state === 'pending') return false;
  if (alert.lastSentAt === undefined) return true;
  if (alert.resolvedAt !== undefined && alert.resolvedAt > alert.lastSentAt) return true;
  return alert.lastSentAt + resendDelay < time;
}

function alertSample(alert: ActiveAlert, alertname: string): RuleSample {
  const labels = alert.labels.with({ [METRIC_NAME]: ALERTS, alertname, alertstate: alert.state });
  return { labels, value: 1 };
}

/** The value is the time since when the expression holds, in whole seconds: see group/restore.ts. */
function stateSample(alert: ActiveAlert, alertname: string): RuleSample {
  const labels = alert.labels.with({ [METRIC_NAME]: ALERTS_FOR_STATE, alertname });
  return { labels, value: Math.floor(alert.activeAt / 1000) };
}
