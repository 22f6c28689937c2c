import {
  AppendError,
  type Appendable,
  type Appender,
  type Clock,
  type Labels,
  type Logger,
  type SeriesRef,
} from '@prunella/metrics';
import type { RecordingRuleConfig, RuleConfig, RuleGroupConfig } from '../config/model.ts';
import type { RuleMetrics } from '../metrics.ts';
import { AlertingRule, type ActiveAlert } from '../rule/alerting.ts';
import { evaluateRecording } from '../rule/recording.ts';
import type { RuleSample, RuleStatus } from '../rule/rule.ts';
import type { Query } from '../rule/template.ts';
import { inTurns } from '../turns.ts';

export interface GroupContext {
  readonly query: Query;
  readonly appendable: Appendable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuleMetrics;
  readonly externalLabels: Labels;
  readonly externalURL: string;
  readonly resendDelay: number;
  /** Takes the alerts of one rule that are due; `interval` is the group's. */
  readonly send: (expr: string, alerts: readonly ActiveAlert[]) => void;
}

/** A rule with the outcome of its last evaluation. */
export interface GroupRule {
  readonly config: RuleConfig;
  /** Set for alerting rules. */
  readonly alerting: AlertingRule | undefined;
  status: RuleStatus;
}

interface WrittenSeries {
  readonly labels: Labels;
  readonly ref: SeriesRef;
}

const NEVER_EVALUATED: RuleStatus = {
  health: 'unknown',
  lastError: undefined,
  lastEvaluation: undefined,
  evaluationDurationMs: 0,
};

/** Rules that are evaluated one after the other, at the same moment. */
export class RuleGroup {
  readonly config: RuleGroupConfig;
  readonly interval: number;
  readonly queryOffset: number;
  readonly rules: readonly GroupRule[];
  lastEvaluation: number | undefined;
  evaluationDurationMs = 0;
  readonly #context: GroupContext;
  /** The series each rule wrote last time: those it no longer writes get a stale marker. */
  #written: Map<string, WrittenSeries>[];
  /** Series of rules that went away with a reload. */
  #orphans: WrittenSeries[] = [];

  constructor(
    config: RuleGroupConfig,
    defaults: { readonly interval: number; readonly queryOffset: number; readonly restored: boolean },
    context: GroupContext,
  ) {
    this.config = config;
    this.interval = config.interval ?? defaults.interval;
    this.queryOffset = config.queryOffset ?? defaults.queryOffset;
    this.#context = context;
    this.#written = config.rules.map(() => new Map());
    this.rules = config.rules.map((rule) => ({
      config: rule,
      alerting:
        rule.type === 'alerting'
          ? new AlertingRule(rule, defaults.restored, () => context.metrics.templateFailures.inc())
          : undefined,
      status: NEVER_EVALUATED,
    }));
  }

  /** Prometheus's name of the group in metrics. */
  get key(): string {
    return `${this.config.file};${this.config.name}`;
  }

  /** Takes over alerts and written series of the same group before a reload; rules are the same by name and labels. */
  inherit(previous: RuleGroup): void {
    const left = new Map<string, number[]>();
    previous.rules.forEach(({ config }, i) => {
      const key = identity(config);
      left.set(key, [...(left.get(key) ?? []), i]);
    });
    this.rules.forEach((rule, i) => {
      const from = left.get(identity(rule.config))?.shift();
      if (from === undefined) return;
      const old = previous.rules[from] as GroupRule;
      rule.status = old.status;
      if (rule.alerting && old.alerting) rule.alerting.inherit(old.alerting);
      this.#written[i] = previous.#written[from] as Map<string, WrittenSeries>;
    });
    this.#orphans = [
      ...previous.#orphans,
      ...[...left.values()]
        .flat()
        .flatMap((i) => [...(previous.#written[i] as Map<string, WrittenSeries>).values()]),
    ];
    this.lastEvaluation = previous.lastEvaluation;
    this.evaluationDurationMs = previous.evaluationDurationMs;
  }

  /** Evaluates all rules for `time`. A rule that fails is marked so, and the next one goes on. Never throws. */
  async evaluate(time: number, signal?: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#context;
    const began = clock.now();
    const labels = { rule_group: this.key };
    let samples = 0;
    let ruleDurations = 0;
    for (const [i, rule] of this.rules.entries()) {
      if (signal?.aborted) return;
      samples += await this.#evaluateRule(i, rule, time, signal);
      ruleDurations += rule.status.evaluationDurationMs;
    }
    await this.#endOrphans(time - this.queryOffset);
    this.lastEvaluation = began;
    this.evaluationDurationMs = clock.now() - began;
    metrics.iterations.inc(labels);
    metrics.groupDuration.observe(this.evaluationDurationMs / 1000);
    metrics.lastDuration.set(labels, this.evaluationDurationMs / 1000);
    metrics.lastRuleDurationSum.set(labels, ruleDurations / 1000);
    metrics.lastEvaluation.set(labels, began / 1000);
    metrics.lastSamples.set(labels, samples);
  }

  async #evaluateRule(i: number, rule: GroupRule, time: number, signal?: AbortSignal): Promise<number> {
    const { clock, metrics, logger } = this.#context;
    const began = clock.now();
    const labels = { rule_group: this.key };
    metrics.evaluations.inc(labels);
    let samples = 0;
    let lastError: string | undefined;
    try {
      const produced = await this.#produce(rule, time, signal);
      samples = produced.length;
      if (rule.alerting) this.#send(rule.config, rule.alerting, time);
      lastError = await this.#store(i, produced, time - this.queryOffset);
    } catch (error) {
      // A query that was stopped with the process is no failure of the rule.
      if (signal?.aborted) return 0;
      lastError = (error as Error).message;
    }
    const evaluationDurationMs = clock.now() - began;
    metrics.evaluationDuration.observe(evaluationDurationMs / 1000);
    if (lastError !== undefined) {
      metrics.evaluationFailures.inc(labels);
      logger.warn(
        { group: this.config.name, file: this.config.file, rule: rule.config.name, err: lastError },
        'evaluating rule failed',
      );
    }
    rule.status = {
      health: lastError === undefined ? 'ok' : 'err',
      lastError,
      lastEvaluation: began,
      evaluationDurationMs,
    };
    return samples;
  }

  #produce(rule: GroupRule, time: number, signal?: AbortSignal): Promise<RuleSample[]> {
    const { query, externalLabels, externalURL } = this.#context;
    const { limit } = this.config;
    const { queryOffset } = this;
    if (rule.alerting) {
      return rule.alerting.evaluate({ query, time, queryOffset, limit, externalLabels, externalURL, signal });
    }
    return evaluateRecording(rule.config as RecordingRuleConfig, query, time - queryOffset, limit, signal);
  }

  #send(config: RuleConfig, rule: AlertingRule, time: number): void {
    const due = rule.takeDue(time, this.#context.resendDelay, this.interval);
    if (due.length > 0) this.#context.send(config.expr, due);
  }

  /** Writes a rule's samples, and stale markers for what it wrote before. @returns what went wrong */
  async #store(i: number, samples: readonly RuleSample[], time: number): Promise<string | undefined> {
    const before = this.#written[i] as Map<string, WrittenSeries>;
    if (samples.length === 0 && before.size === 0) return undefined;
    const appender = this.#context.appendable.appender();
    const now = new Map<string, WrittenSeries>();
    let problem: string | undefined;
    try {
      await inTurns(samples, (sample) => {
        const { labels } = sample;
        try {
          const ref = append(appender, before.get(labels.key)?.ref ?? 0, sample, time);
          now.set(labels.key, { labels, ref });
        } catch (error) {
          if (!(error instanceof AppendError)) throw error;
          problem = error.message;
        }
      });
      for (const [key, series] of before) if (!now.has(key)) appendStale(appender, series, time);
    } catch (error) {
      appender.rollback();
      throw error;
    }
    await appender.commit();
    this.#written[i] = now;
    return problem;
  }

  async #endOrphans(time: number): Promise<void> {
    if (this.#orphans.length === 0) return;
    const orphans = this.#orphans;
    this.#orphans = [];
    await this.#end(orphans, time);
  }

  /** Marks everything that the group ever wrote as ended: it is no more. */
  async endSeries(time: number): Promise<void> {
    await this.#end([...this.#orphans, ...this.#written.flatMap((series) => [...series.values()])], time);
  }

  async #end(series: readonly WrittenSeries[], time: number): Promise<void> {
    if (series.length === 0) return;
    try {
      const appender = this.#context.appendable.appender();
      for (const each of series) appendStale(appender, each, time);
      await appender.commit();
    } catch (error) {
      this.#context.logger.warn({ group: this.config.name, err: error }, 'marking series as ended failed');
    }
  }
}

function identity(rule: RuleConfig): string {
  return `${rule.type}\xff${rule.name}\xff${JSON.stringify(rule.labels)}`;
}

function append(appender: Appender, ref: SeriesRef, sample: RuleSample, time: number): SeriesRef {
  const { labels, value, histogram } = sample;
  return histogram
    ? appender.appendHistogram(ref, labels, time, histogram)
    : appender.append(ref, labels, time, value);
}

function appendStale(appender: Appender, series: WrittenSeries, time: number): void {
  try {
    appender.appendStale(series.ref, series.labels, time);
  } catch (error) {
    // Somebody else has written newer samples of the series, so it has not ended.
    if (!(error instanceof AppendError)) throw error;
  }
}
