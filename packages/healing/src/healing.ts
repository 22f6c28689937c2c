import { silentLogger, systemClock, type Clock, type Labels, type Logger } from '@prunella/metrics';
import type { Registry } from 'prom-client';
import type { HealingAlert } from './alert/alert.ts';
import { NO_HEALING, type HealingConfig, type Runbook } from './config/config.ts';
import { describeStep } from './config/steps.ts';
import { IncidentBook, type IncidentListener } from './engine/book.ts';
import { CrashWatch } from './engine/crash.ts';
import { Driver, stepsKey } from './engine/driver.ts';
import { HealingMetrics } from './engine/metrics.ts';
import {
  fetchPort,
  type ExpressionPort,
  type HttpPort,
  type NotifyPort,
  type QueryPort,
  type WorkloadsPort,
} from './engine/ports.ts';
import { Prover } from './engine/prover.ts';
import { isOpen, type Incident } from './incident/incident.ts';
import type { Journal } from './incident/journal.ts';
import { rfc3339, type IncidentLog } from './incident/log.ts';
import type { Mask } from './incident/mask.ts';

export interface HealingOptions {
  readonly journal: Journal;
  readonly log: IncidentLog;
  /** Takes secrets out of everything that is written down: `maskFor(process.env)`. */
  readonly mask: Mask;
  readonly workloads: WorkloadsPort;
  readonly query?: QueryPort;
  readonly expressionOf?: ExpressionPort;
  readonly notify?: NotifyPort;
  readonly http?: HttpPort;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly registry?: Registry;
}

/** Someone was told about alerts: what Alertmanager reports after a delivery. */
export interface Told {
  readonly receiver: string;
  readonly integration?: string;
  readonly status: 'firing' | 'resolved';
  readonly fingerprints: readonly string[];
  readonly time: number;
  readonly error?: string;
}

export interface RunbookSummary {
  readonly runbook: Runbook;
  readonly steps: readonly { readonly kind: string; readonly text: string }[];
  readonly lastRunAt?: number;
  readonly runs: number;
}

const REMEMBER_TOLD = 1000;
// ms that services and rules get to come up before what an earlier run left open is taken up again.
const SETTLE = 5000;

/**
 * From alerts to incidents, and from incidents through a runbook to proof. One alert (fingerprint and start) makes one
 * incident; every step is on disk before it begins; nothing acts outside of its guards.
 */
export class Healing {
  readonly #options: HealingOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #book: IncidentBook;
  readonly #driver: Driver;
  readonly #crashes: CrashWatch;
  readonly #told = new Map<string, Told>();
  #config: HealingConfig = NO_HEALING;

  constructor(options: HealingOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    const { journal, log, mask, workloads, query, expressionOf, notify, http = fetchPort } = options;
    const base = { clock: this.#clock, logger: this.#logger };
    this.#book = new IncidentBook({ ...base, journal, log, mask });
    const shared = {
      ...base,
      book: this.#book,
      workloads,
      ...(query && { query }),
      ...(notify && { notify }),
    };
    this.#crashes = new CrashWatch({ ...shared, receiver: () => this.#config.global.receiver });
    this.#driver = new Driver({
      ...shared,
      http,
      prover: new Prover({ ...shared, ...(expressionOf && { expressionOf }) }),
      metrics: new HealingMetrics(this.#book, options.registry),
      config: () => this.#config,
    });
  }

  /** Takes effect for incidents that are opened from now on. */
  apply(config: HealingConfig): void {
    this.#config = config;
  }

  /** Reads the journal and goes on with what was open. */
  async start(): Promise<void> {
    await this.#book.load();
    for (const incident of this.#book.all().reverse()) {
      if (incident.origin === 'alert' && isOpen(incident)) this.#driver.begin(incident, SETTLE);
    }
    this.#crashes.start();
  }

  /** Resolves when nothing runs any more. Open incidents go on at the next start. */
  async stop(): Promise<void> {
    await Promise.all([this.#crashes.stop(), this.#driver.stop()]);
    await this.#options.journal.close();
  }

  /**
   * What fires and what is resolved: each flush of Alertmanager, each webhook. Alerts that no runbook matches are left
   * alone; from a webhook they are at least logged.
   */
  async alertsChanged(
    alerts: readonly HealingAlert[],
    source: 'engine' | 'webhook' = 'engine',
  ): Promise<void> {
    await Promise.all(
      alerts.map((alert) =>
        alert.status === 'resolved' ? this.#resolved(alert) : this.#firing(alert, source),
      ),
    );
  }

  told(told: Told): void {
    if (told.error !== undefined || told.status !== 'firing') return;
    for (const fingerprint of told.fingerprints) {
      // A message may be delivered before we have heard of the alert ourselves.
      this.#told.delete(fingerprint);
      this.#told.set(fingerprint, told);
      const incident = this.#openFor(fingerprint);
      if (incident) void this.#recordTold(incident, told);
    }
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= REMEMBER_TOLD) break;
      this.#told.delete(oldest);
    }
  }

  /** Newest first. */
  incidents(filter: { state?: 'open' | 'closed'; limit?: number } = {}): Incident[] {
    const { state, limit = 100 } = filter;
    const all = this.#book.all();
    return all.filter((each) => state === undefined || isOpen(each) === (state === 'open')).slice(0, limit);
  }

  incident(id: string): Incident | undefined {
    return this.#book.get(id);
  }

  onChange(listener: IncidentListener): () => void {
    return this.#book.onChange(listener);
  }

  runbooks(): RunbookSummary[] {
    return this.#config.runbooks.map((runbook) => {
      const runs = this.#book
        .all()
        .filter((each) => each.runbook === runbook.name && each.actedAt !== undefined);
      const steps = runbook.steps.map((step) => ({ kind: step.kind, text: describeStep(step) }));
      const [last] = runs;
      return {
        runbook,
        steps,
        runs: runs.length,
        ...(last?.actedAt !== undefined && { lastRunAt: last.actedAt }),
      };
    });
  }

  /** @throws DecisionError when it does not wait for approval */
  approve(id: string, by: string, comment: string = ''): Promise<Incident> {
    return this.#driver.approvals.decide(id, 'approved', by, comment);
  }

  /** @throws DecisionError when it does not wait for approval */
  reject(id: string, by: string, comment: string = ''): Promise<Incident> {
    return this.#driver.approvals.decide(id, 'rejected', by, comment);
  }

  async #firing(alert: HealingAlert, source: 'engine' | 'webhook'): Promise<void> {
    const known = this.#openFor(alert.fingerprint);
    if (known) {
      if (known.resolvedAt == null) return;
      const entry = { time: this.#clock.now(), kind: 'note' as const, text: 'The alert fires again' };
      return this.#book.record(known.id, { entries: [entry], set: { resolvedAt: null } });
    }
    if (this.#isHandled(alert)) return undefined;
    const runbook = this.#config.runbooks.find((each) =>
      each.match.every((matcher) => matcher.matchesLabels(alert.labels)),
    );
    if (!runbook) return source === 'webhook' ? this.#logUnmatched(alert) : undefined;
    return this.#open(alert, runbook);
  }

  /** The same activity of the same alert, sent again after its incident was closed. */
  #isHandled({ fingerprint, startsAt, simulated }: HealingAlert): boolean {
    if (simulated) return false;
    return this.#book.all().some((each) => each.fingerprint === fingerprint && each.startsAt === startsAt);
  }

  async #open(alert: HealingAlert, runbook: Runbook): Promise<void> {
    const { labels } = alert;
    const target = targetOf(runbook, labels);
    const alertname = labels.get('alertname');
    const on = target ?? labels.get('instance');
    const { incident, written } = this.#book.open(
      {
        origin: 'alert',
        title: on === '' ? alertname : `${alertname} on ${on}`,
        alertname,
        severity: labels.get('severity'),
        labels: labels.toObject(),
        annotations: alert.annotations.toObject(),
        fingerprint: alert.fingerprint,
        startsAt: alert.startsAt,
        simulated: alert.simulated ?? false,
        ...(alert.generatorURL !== undefined && { generatorURL: alert.generatorURL }),
        runbook: runbook.name,
        steps: stepsKey(runbook),
        mode: runbook.mode,
        ...(target !== undefined && { target }),
        detectedAt: Math.min(alert.startsAt, this.#clock.now()),
      },
      alert.simulated ? 'The alert was sent by hand' : 'The alert fires',
    );
    this.#driver.begin(incident);
    await written;
    const told = this.#told.get(alert.fingerprint);
    if (told && told.time >= alert.startsAt) await this.#recordTold(incident, told);
  }

  async #resolved(alert: HealingAlert): Promise<void> {
    const incident = this.#openFor(alert.fingerprint) ?? this.#lastClosedFor(alert.fingerprint);
    if (!incident || incident.resolvedAt != null) return;
    const time = this.#clock.now();
    const entry = { time, kind: 'resolved' as const, text: 'The alert is resolved' };
    const resolved = { entries: [entry], set: { resolvedAt: time } };
    if (this.#driver.cancel(incident.id)) {
      await this.#book.close(
        incident.id,
        'resolved',
        'Closed: it was over before anything was done',
        resolved,
      );
    } else if (incident.state === 'escalated') {
      await this.#book.close(incident.id, 'escalated', 'Closed: the alert is resolved', resolved);
    } else await this.#book.record(incident.id, resolved);
  }

  #openFor(fingerprint: string): Incident | undefined {
    return this.#book.all().find((each) => each.fingerprint === fingerprint && isOpen(each));
  }

  #lastClosedFor(fingerprint: string): Incident | undefined {
    return this.#book.all().find((each) => each.fingerprint === fingerprint);
  }

  async #recordTold(incident: Incident, told: Told): Promise<void> {
    const how = told.integration === undefined ? '' : ` (${told.integration})`;
    const text = `Told ${told.receiver}${how}`;
    const now = this.#book.get(incident.id) ?? incident;
    if (now.timeline.some((entry) => entry.kind === 'told' && entry.text === text)) return;
    await this.#book.record(incident.id, {
      entries: [{ time: told.time, kind: 'told', text }],
      set: now.toldAt === undefined ? { toldAt: told.time } : {},
    });
  }

  async #logUnmatched(alert: HealingAlert): Promise<void> {
    const time = this.#clock.now();
    this.#logger.info({ labels: alert.labels.toObject() }, 'no runbook matches the alert');
    await this.#options.log.append({
      time: rfc3339(time),
      alert: alert.labels.get('alertname'),
      severity: alert.labels.get('severity'),
      labels: alert.labels.toObject(),
      action: 'none',
      result: 'no_runbook',
      duration: Math.max(0, time - alert.startsAt) / 1000,
      detected: rfc3339(Math.min(alert.startsAt, time)),
    });
  }
}

function targetOf({ target }: Runbook, labels: Labels): string | undefined {
  if (!target) return undefined;
  if ('service' in target) return target.service;
  const service = labels.get(target.label);
  return target.allow.includes(service) ? service : undefined;
}
