import type { Labels } from '@prunella/metrics';
import { isResolved, type Alert } from './alert.ts';
import { matchAll, type Matcher } from './match/matcher.ts';

export interface InhibitRule {
  readonly name?: string;
  readonly source: readonly Matcher[];
  readonly target: readonly Matcher[];
  /** Labels whose values must be the same in source and target; missing equals empty. */
  readonly equal: readonly string[];
}

/** Mutes alerts while others fire. It is told of every alert that is posted. */
export class Inhibitor {
  readonly #rules: readonly RuleState[];

  constructor(rules: readonly InhibitRule[]) {
    this.#rules = rules.map((rule) => new RuleState(rule));
  }

  alertPosted(alert: Alert): void {
    for (const rule of this.#rules) rule.alertPosted(alert);
  }

  alertGone(alert: Alert): void {
    for (const rule of this.#rules) rule.alertGone(alert);
  }

  /** Fingerprints of the alerts that mute one with these labels: of each rule that applies, its first source. */
  inhibiting(labels: Labels, now: number): string[] {
    for (const rule of this.#rules) {
      const source = rule.inhibiting(labels, now);
      if (source !== undefined) return [source];
    }
    return [];
  }
}

class RuleState {
  readonly #rule: InhibitRule;
  /** By the values of the `equal` labels: the firing sources by fingerprint. */
  readonly #sources = new Map<string, Map<string, Source>>();

  constructor(rule: InhibitRule) {
    this.#rule = rule;
  }

  alertPosted(alert: Alert): void {
    if (!matchAll(this.#rule.source, alert.labels)) return;
    const key = this.#equalKey(alert.labels);
    let sources = this.#sources.get(key);
    if (!sources) this.#sources.set(key, (sources = new Map()));
    const isTarget = matchAll(this.#rule.target, alert.labels);
    sources.set(alert.fingerprint, { alert, isTarget });
  }

  alertGone(alert: Alert): void {
    const key = this.#equalKey(alert.labels);
    const sources = this.#sources.get(key);
    sources?.delete(alert.fingerprint);
    if (sources?.size === 0) this.#sources.delete(key);
  }

  inhibiting(labels: Labels, now: number): string | undefined {
    if (this.#sources.size === 0 || !matchAll(this.#rule.target, labels)) return undefined;
    const sources = this.#sources.get(this.#equalKey(labels));
    if (!sources) return undefined;
    // Alerts that are source and target at once must not mute each other, or all of them would be silent.
    const alsoSource = matchAll(this.#rule.source, labels);
    for (const { alert, isTarget } of sources.values()) {
      if (!isResolved(alert, now) && !(alsoSource && isTarget)) return alert.fingerprint;
    }
    return undefined;
  }

  #equalKey(labels: Labels): string {
    return this.#rule.equal.map((name) => labels.get(name)).join('\xff');
  }
}

interface Source {
  readonly alert: Alert;
  readonly isTarget: boolean;
}
