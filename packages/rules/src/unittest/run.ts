import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { formatDuration, Labels, silentLogger, type Clock } from '@prunella/metrics';
import { ConfigError } from '@prunella/metrics/config';
import { Engine, parse, type Expr, type QueryResult } from '@prunella/promql';
import { Registry } from 'prom-client';
import { parseRuleFile, type LoadOptions } from '../config/load.ts';
import type { RuleGroupConfig } from '../config/model.ts';
import { RuleGroup, type GroupContext } from '../group/group.ts';
import { createRuleMetrics } from '../metrics.ts';
import { compareAlerts, compareSamples, goDuration } from './compare.ts';
import { parseTestFile, type AlertTest, type TestFile, type TestGroup } from './schema.ts';
import { parseSeries } from './series.ts';
import { TestStorage } from './storage.ts';
import { parseValues, type TestValue } from './values.ts';

export interface RuleTestOptions extends LoadOptions {
  /** Which test groups to run, by name; default all. */
  readonly wanted?: (name: string) => boolean;
  /** Show expected and got as a line by line difference. */
  readonly diff?: boolean;
  /** Told what is being done. */
  readonly debug?: (line: string) => void;
}

/**
 * Runs a file of rule unit tests as `promtool test rules` does.
 * @returns what failed, each a text of one or more indented lines; empty = all passed
 * @throws ConfigError for a test or rule file that cannot be used
 */
export async function testRuleFile(file: string, options: RuleTestOptions = {}): Promise<string[]> {
  const tests = parseTestFile(await read(file), file);
  const paths = (
    await Promise.all(tests.rule_files.map((path) => expand(resolve(dirname(file), path))))
  ).flat();
  const failures: string[] = [];
  for (const group of tests.tests) {
    if (options.wanted && !options.wanted(group.name)) continue;
    options.debug?.(`DEBUG: Starting test ${group.name}`);
    // Read anew for each test, as its external labels and address may differ.
    const configs: RuleGroupConfig[] = [];
    for (const path of paths) configs.push(...parseRuleFile(await read(path), path, options).groups);
    failures.push(...(await new TestRun(tests, group, ordered(configs, tests), options).run()));
    options.debug?.(`DEBUG: Finished test ${group.name}`);
  }
  return failures;
}

function ordered(
  groups: readonly RuleGroupConfig[],
  { group_eval_order: order }: TestFile,
): RuleGroupConfig[] {
  const place = ({ name }: RuleGroupConfig): number => Math.max(0, order.indexOf(name));
  return [...groups].sort((a, b) => place(a) - place(b));
}

interface InputSeries {
  readonly labels: Labels;
  readonly values: readonly TestValue[];
  next: number;
}

/** One test group, from its first evaluation to its last comparison. */
class TestRun {
  readonly #file: TestFile;
  readonly #test: TestGroup;
  readonly #options: RuleTestOptions;
  readonly #storage = new TestStorage();
  readonly #engine: Engine;
  /** A rule's expression is evaluated thousands of times. */
  readonly #parsed = new Map<string, Expr>();
  readonly #groups: readonly RuleGroup[];
  readonly #series: InputSeries[] = [];

  constructor(file: TestFile, test: TestGroup, groups: readonly RuleGroupConfig[], options: RuleTestOptions) {
    this.#file = file;
    this.#test = test;
    this.#options = options;
    this.#engine = new Engine({
      timeoutMs: 600_000,
      ...(options.features && { features: options.features }),
    });
    const defaults = { interval: file.evaluation_interval, queryOffset: 0, restored: true };
    const context = this.#context();
    this.#groups = groups.map((config) => new RuleGroup(config, defaults, context));
  }

  async run(): Promise<string[]> {
    const { alert_rule_test: alertTests, promql_expr_test: exprTests, start_timestamp: start } = this.#test;
    try {
      for (const { series, values } of this.#test.input_series) {
        this.#series.push({ labels: parseSeries(series), values: parseValues(values), next: 0 });
      }
    } catch (error) {
      return [(error as Error).message];
    }
    const end = Math.max(0, ...[...alertTests, ...exprTests].map((each) => each.eval_time));
    const step = this.#file.evaluation_interval;
    const failures: string[] = [];
    for (let elapsed = 0; elapsed <= end; elapsed += step) {
      this.#load(start + elapsed);
      const errors = await this.#evaluate(start + elapsed);
      if (errors.length > 0) return errors;
      // An alert test takes what the last evaluation at or before its time left.
      for (const time of timesWithin(alertTests, elapsed, elapsed + step)) {
        for (const each of alertTests.filter((test) => test.eval_time === time))
          failures.push(...this.#checkAlerts(each));
      }
    }
    this.#load(start + end);
    for (const each of exprTests) failures.push(...(await this.#checkExpr(each)));
    return failures;
  }

  /** Makes the input samples up to `time` visible. */
  #load(time: number): void {
    const { start_timestamp: start, interval = this.#file.evaluation_interval } = this.#test;
    const step = interval || this.#file.evaluation_interval;
    const appender = this.#storage.appender();
    for (const series of this.#series) {
      for (; series.next < series.values.length && start + series.next * step <= time; series.next++) {
        const at = start + series.next * step;
        const value = series.values[series.next];
        if (value === 'stale') appender.appendStale(0, series.labels, at);
        else if (typeof value === 'number') appender.append(0, series.labels, at, value);
        else if (value !== undefined) appender.appendHistogram(0, series.labels, at, value);
      }
    }
  }

  async #evaluate(time: number): Promise<string[]> {
    const errors: string[] = [];
    for (const group of this.#groups) {
      await group.evaluate(time);
      for (const { config, status } of group.rules) {
        if (status.lastError === undefined) continue;
        errors.push(`    rule: ${config.name}, time: ${goDuration(time)}, err: ${status.lastError}`);
      }
    }
    return errors;
  }

  #checkAlerts(test: AlertTest): string[] {
    const got = this.#groups
      .flatMap((group) => group.rules.flatMap(({ alerting }) => alerting ?? []))
      .filter((rule) => rule.config.name === test.alertname)
      .flatMap((rule) => rule.activeAlerts().filter(({ state }) => state === 'firing'));
    const failure = compareAlerts(this.#test.name, test, got, this.#options.diff ?? false);
    return failure === undefined ? [] : [failure];
  }

  async #checkExpr(test: TestGroup['promql_expr_test'][number]): Promise<string[]> {
    const prefix = `    expr: ${JSON.stringify(test.expr)}, time: ${formatDuration(test.eval_time)},`;
    try {
      const result = await this.#query(test.expr, this.#test.start_timestamp + test.eval_time);
      const failure = compareSamples(test, result, this.#file.fuzzy_compare);
      return failure === undefined ? [] : [prefix + failure];
    } catch (error) {
      return [`${prefix} err: ${(error as Error).message}`];
    }
  }

  async #query(expr: string, time: number): Promise<QueryResult> {
    let parsed = this.#parsed.get(expr);
    if (!parsed) {
      parsed = parse(expr, this.#options);
      this.#parsed.set(expr, parsed);
    }
    return this.#engine.instant(this.#storage, parsed, time);
  }

  #context(): GroupContext {
    return {
      query: (expr, time) => this.#query(expr, time),
      appendable: this.#storage,
      clock: STILL,
      logger: silentLogger,
      metrics: createRuleMetrics(new Registry()),
      externalLabels: Labels.from(this.#test.external_labels),
      externalURL: this.#test.external_url,
      resendDelay: 60_000,
      send: () => {},
    };
  }
}

/** Evaluations take no time in a test. */
const STILL: Clock = { now: () => 0, setTimeout: () => ({ cancel: () => {} }) };

function timesWithin(tests: readonly AlertTest[], from: number, to: number): number[] {
  const times = tests.map(({ eval_time: time }) => time).filter((time) => time >= from && time < to);
  return [...new Set(times)].sort((a, b) => a - b);
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      { file, line: 0, column: 0, message: code === 'ENOENT' ? 'no such file' : message },
    ]);
  }
}

/** The files that a path with `*` and `?` in its last part stands for, sorted. */
async function expand(path: string): Promise<string[]> {
  const name = basename(path);
  if (!/[*?]/.test(name)) return [path];
  const pattern = new RegExp(
    `^${name
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((each) => pattern.test(each))
    .sort()
    .map((each) => join(dirname(path), each));
}
