import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels, METRIC_NAME, silentLogger } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { Engine, type QueryResult } from '@prunella/promql';
import { parseRuleFile, RuleManager, type RuleAlert } from '@prunella/rules';
import { Database } from '@prunella/tsdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);

const RULES = `
groups:
  - name: g
    interval: 1m
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: up == 0
        for: 20m
        annotations: {summary: '{{ $labels.job }} of {{ with query "sum(job:up:sum)" }}{{ . | first | value }}{{ end }}'}
`;

/** Storage, engine and rules as one process has them. */
class Process {
  readonly database: Database;
  readonly rules: RuleManager;
  readonly sent: RuleAlert[] = [];
  readonly #clock: VirtualClock;
  #minutes = 0;
  readonly #engine = new Engine();

  private constructor(database: Database, clock: VirtualClock) {
    this.database = database;
    this.#clock = clock;
    this.rules = new RuleManager({
      query: (expr, time, signal) => this.#engine.instant(database, expr, time, signal ? { signal } : {}),
      appendable: database,
      queryable: database,
      notify: (alerts) => void this.sent.push(...alerts),
      clock,
      logger: silentLogger,
    });
  }

  static async start(dir: string, clock: VirtualClock): Promise<Process> {
    const process = new Process(await Database.open(dir, { clock }), clock);
    await process.rules.apply([parseRuleFile(RULES, 'rules.yml')]);
    process.rules.start();
    return process;
  }

  /** Lets minutes pass; before each one `up` of two jobs is written. */
  async minutes(count: number, up: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const appender = this.database.appender();
      for (const [job, value] of [
        ['a', up],
        ['b', 1],
      ] as const) {
        appender.append(0, Labels.from({ [METRIC_NAME]: 'up', job }), this.#clock.now(), value);
      }
      await appender.commit();
      await this.#clock.advance(MINUTE);
      // Real files do not wait for a virtual clock.
      await this.#settled();
    }
  }

  /** Waits for this minute's evaluation, and for the look into the past that follows the second one. */
  async #settled(): Promise<void> {
    this.#minutes++;
    for (let i = 0; i < 2000; i++) {
      const [group] = this.rules.groups();
      const evaluated = this.#clock.now() - (group?.lastEvaluation ?? 0) < MINUTE;
      const restored = group?.rules.every(({ alerting }) => alerting?.restored ?? true) ?? true;
      if (evaluated && (restored || this.#minutes < 2)) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error('the rules were not evaluated');
  }

  query(expr: string): Promise<QueryResult> {
    return this.#engine.instant(this.database, expr, this.#clock.now());
  }

  async stop(): Promise<void> {
    await this.rules.stop();
    await this.database.close();
  }
}

describe('rules over the real storage and engine', () => {
  let dir: string;
  let clock: VirtualClock;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'prunella-rules-'));
    clock = new VirtualClock(START);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const values = async (process: Process, expr: string): Promise<string[]> => {
    const { value } = await process.query(expr);
    return value.type === 'vector'
      ? value.samples.map(({ labels, value: v }) => `${labels.toString()} ${v}`)
      : [];
  };

  test('what one rule writes the next one reads, and what ends is gone at once', async () => {
    const process = await Process.start(dir, clock);
    await process.minutes(5, 0);
    expect(await values(process, 'job:up:sum')).toEqual(['job:up:sum{job="a"} 0', 'job:up:sum{job="b"} 1']);
    expect(await values(process, 'ALERTS')).toEqual([
      'ALERTS{alertname="Down", alertstate="pending", job="a"} 1',
    ]);
    expect(process.rules.alerts()[0]?.annotations.get('summary')).toBe('a of 1');
    await process.minutes(2, 1);
    expect(await values(process, 'ALERTS')).toEqual([]);
    expect(await values(process, 'ALERTS_FOR_STATE')).toEqual([]);
    await process.stop();
  });

  test('an alert that fired before a restart fires again at once, with the time it began', async () => {
    const first = await Process.start(dir, clock);
    await first.minutes(25, 0);
    expect(first.sent.map(({ startsAt }) => startsAt)).not.toEqual([]);
    const began = first.rules.alerts()[0]?.activeAt ?? 0;
    await first.stop();
    await clock.advance(5 * MINUTE);

    const second = await Process.start(dir, clock);
    await second.minutes(3, 0);
    const [alert] = second.rules.alerts();
    expect(alert?.state).toBe('firing');
    expect(Math.abs((alert?.activeAt ?? 0) - began)).toBeLessThan(1000);
    expect(second.sent).toHaveLength(1);
    await second.stop();
  });

  test('a pending alert goes on pending over a restart', async () => {
    const first = await Process.start(dir, clock);
    await first.minutes(8, 0);
    await first.stop();
    await clock.advance(5 * MINUTE);

    const second = await Process.start(dir, clock);
    await second.minutes(3, 0);
    expect(second.rules.alerts()[0]?.state).toBe('pending');
    // Seven of its twenty minutes had passed; without the restart's memory it would take until minute 20 of this run.
    await second.minutes(14, 0);
    expect(second.rules.alerts()[0]?.state).toBe('firing');
    await second.stop();
  });
});
