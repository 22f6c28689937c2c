/** A message as Go templates see it: https://prometheus.io/docs/alerting/latest/notifications/ */
import { compareStrings, type Labels } from '@prunella/metrics';
import { GoTime, StringMap } from '@prunella/gotemplate';
import type { NotifiedAlert } from '../receivers/receiver.ts';
import { goTime, ZERO_TIME } from '../time.ts';
import type { TemplateData } from './data.ts';

/** Go's zero time. */
const ZERO_MS = Date.parse(ZERO_TIME);

class Pair {
  readonly Name: string;
  readonly Value: string;
  constructor(name: string, value: string) {
    this.Name = name;
    this.Value = value;
  }
}

class Pairs extends Array<Pair> {
  Names(): string[] {
    return Array.from(this, (pair) => pair.Name);
  }

  Values(): string[] {
    return Array.from(this, (pair) => pair.Value);
  }

  String(): string {
    return Array.from(this, (pair) => `${pair.Name}=${pair.Value}`).join(', ');
  }
}

/** A set of labels or annotations. */
export class KV extends StringMap {
  static fromLabels(labels: Labels): KV {
    return new KV(labels);
  }

  /** By name, but `alertname` first. */
  SortedPairs(): Pairs {
    const rank = (name: string): number => (name === 'alertname' ? 0 : 1);
    const names = [...this.keys()].sort((a, b) => rank(a) - rank(b) || compareStrings(a, b));
    return Pairs.from(names, (name) => new Pair(name, this.get(name) ?? '')) as Pairs;
  }

  Remove(names: readonly string[]): KV {
    return new KV([...this].filter(([name]) => !names.includes(name)));
  }

  Names(): string[] {
    return this.SortedPairs().Names();
  }

  Values(): string[] {
    return this.SortedPairs().Values();
  }

  String(): string {
    return this.SortedPairs().String();
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this);
  }
}

class AlertValue {
  readonly Status: string;
  readonly Labels: KV;
  readonly Annotations: KV;
  readonly StartsAt: GoTime;
  readonly EndsAt: GoTime;
  readonly GeneratorURL: string;
  readonly Fingerprint: string;

  constructor(alert: NotifiedAlert) {
    this.Status = alert.status;
    this.Labels = KV.fromLabels(alert.labels);
    this.Annotations = KV.fromLabels(alert.annotations);
    this.StartsAt = new GoTime(alert.startsAt);
    this.EndsAt = new GoTime(alert.status === 'resolved' ? alert.endsAt : ZERO_MS);
    this.GeneratorURL = alert.generatorURL;
    this.Fingerprint = alert.fingerprint;
  }

  /** For `toJson`: the names of the webhook's body. */
  toJSON(): object {
    return {
      status: this.Status,
      labels: this.Labels,
      annotations: this.Annotations,
      startsAt: goTime(this.StartsAt.ms),
      endsAt: goTime(this.EndsAt.ms),
      generatorURL: this.GeneratorURL,
      fingerprint: this.Fingerprint,
    };
  }
}

class AlertList extends Array<AlertValue> {
  Firing(): AlertList {
    return this.#having('firing');
  }

  Resolved(): AlertList {
    return this.#having('resolved');
  }

  #having(status: string): AlertList {
    return this.filter((alert) => alert.Status === status) as AlertList;
  }
}

export function templateValue(data: TemplateData): object {
  return {
    Receiver: data.receiver,
    Status: data.status,
    Alerts: AlertList.from(data.alerts, (alert) => new AlertValue(alert)),
    GroupLabels: KV.fromLabels(data.groupLabels),
    CommonLabels: KV.fromLabels(data.commonLabels),
    CommonAnnotations: KV.fromLabels(data.commonAnnotations),
    ExternalURL: data.externalURL,
    NotificationReason: data.notificationReason,
    RouteLabels: KV.fromLabels(data.routeLabels),
  };
}
