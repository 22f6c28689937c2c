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
  get goType(): string {
    return 'template.Pairs';
  }

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

  /** What the methods take. */
  get goMethods(): Readonly<Record<string, readonly string[]>> {
    return { Remove: ['[]string'] };
  }

  get goType(): string {
    return 'template.KV';
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
  get goType(): string {
    return 'template.Alert';
  }

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
  get goType(): string {
    return 'template.Alerts';
  }

  Firing(): readonly AlertValue[] {
    return this.#having('firing');
  }

  Resolved(): readonly AlertValue[] {
    return this.#having('resolved');
  }

  /** A plain list: as in Alertmanager it cannot be parted again. */
  #having(status: string): readonly AlertValue[] {
    const found = Array.from(this).filter((alert) => alert.Status === status);
    return Object.defineProperty(found, 'goType', { value: '[]template.Alert' });
  }
}

/** A message. */
export class DataValue {
  readonly Receiver: string;
  readonly Status: string;
  readonly Alerts: AlertList;
  readonly NotificationReason: string;
  readonly GroupLabels: KV;
  readonly CommonLabels: KV;
  readonly CommonAnnotations: KV;
  readonly ExternalURL: string;
  readonly #routeLabels: KV;

  constructor(data: TemplateData) {
    this.Receiver = data.receiver;
    this.Status = data.status;
    this.Alerts = AlertList.from(data.alerts, (alert) => new AlertValue(alert)) as AlertList;
    this.NotificationReason = data.notificationReason;
    this.GroupLabels = KV.fromLabels(data.groupLabels);
    this.CommonLabels = KV.fromLabels(data.commonLabels);
    this.CommonAnnotations = KV.fromLabels(data.commonAnnotations);
    this.ExternalURL = data.externalURL;
    this.#routeLabels = KV.fromLabels(data.routeLabels);
  }

  get goType(): string {
    return 'template.Data';
  }

  get RouteLabels(): KV {
    return this.#routeLabels;
  }

  /** For `toJson`: the names of the webhook's body. */
  toJSON(): object {
    return {
      receiver: this.Receiver,
      status: this.Status,
      alerts: Array.from(this.Alerts),
      notification_reason: this.NotificationReason,
      groupLabels: this.GroupLabels,
      commonLabels: this.CommonLabels,
      commonAnnotations: this.CommonAnnotations,
      externalURL: this.ExternalURL,
    };
  }
}

export function templateValue(data: TemplateData): DataValue {
  return new DataValue(data);
}
