import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@prunella/alertmanager';
import { parseProbeModules } from '@prunella/collectors';
import { parseHealing } from '@prunella/healing';
import { parse } from '@prunella/promql';
import {
  lintRules,
  parseRuleFile,
  testRuleFile,
  type AlertingRuleConfig,
  type RuleFile,
} from '@prunella/rules';
import { loadPrometheusConfig } from '@prunella/scrape';
import { workloadsSchema } from '@prunella/workloads';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';

const config = join(import.meta.dirname, '../config');
const read = (name: string): string => readFileSync(join(config, name), 'utf8');
const list = (folder: string, end: string): string[] =>
  readdirSync(join(config, folder)).filter((name) => name.endsWith(end));

const ruleFiles: RuleFile[] = list('rules', '.yml').map((name) =>
  parseRuleFile(read(`rules/${name}`), `rules/${name}`),
);
const groups = ruleFiles.flatMap((file) => file.groups);
const alerts = new Map<string, AlertingRuleConfig & { group: string }>();
for (const group of groups) {
  for (const rule of group.rules) {
    if (rule.type === 'alerting') alerts.set(rule.name, { ...rule, group: group.name });
  }
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Name, group, severity, `for` in ms. */
const REQUIRED: readonly (readonly [string, string, string, number])[] = [
  ['instanceDown', 'vm_alerts', 'critical', MINUTE],
  ['CPUHigh', 'vm_alerts', 'warning', 2 * MINUTE],
  ['FlaskAppDown', 'app_alerts', 'critical', 2 * MINUTE],
  ['HighRequestRate', 'app_alerts', 'warning', 2 * MINUTE],
  ['HighRequestLatency', 'app_alerts', 'warning', 2 * MINUTE],
  ['HighDBWrites', 'app_alerts', 'warning', 2 * MINUTE],
  ['PostgresDatabaseDown', 'postgres_alerts', 'critical', MINUTE],
  ['PostgresExporterDown', 'postgres_alerts', 'warning', MINUTE],
  ['PostgresTooManyConnections', 'postgres_alerts', 'warning', 2 * MINUTE],
  ['PostgresLowFreeConnections', 'postgres_alerts', 'warning', 2 * MINUTE],
  ['NodeExporterDown', 'node_alerts', 'warning', MINUTE],
  ['HighCPUUsage', 'node_alerts', 'warning', 2 * MINUTE],
  ['HighMemoryUsage', 'node_alerts', 'warning', 2 * MINUTE],
  ['InstanceDown', 'infrastructure_alerts', 'critical', 3 * MINUTE],
  ['ContainerHighCPU', 'container_alerts', 'warning', 15 * SECOND],
  ['ContainerHighMemory', 'container_alerts', 'warning', 15 * SECOND],
  ['SlowResponse', 'container_alerts', 'warning', 15 * SECOND],
  ['HealthCheckFailed', 'container_alerts', 'critical', 30 * SECOND],
  ['ContainerDown', 'container_alerts', 'critical', 15 * SECOND],
  ['APIHighLatency', 'api_alerts', 'critical', MINUTE],
  ['APIErrorRateHigh', 'api_alerts', 'critical', 5 * MINUTE],
  ['HighProcessCPU', 'process_alerts', 'warning', 5 * MINUTE],
  ['HighProcessMemory', 'process_alerts', 'warning', 5 * MINUTE],
  ['HighErrorRate', 'process_alerts', 'warning', 5 * MINUTE],
  ['HighLatency', 'process_alerts', 'warning', 5 * MINUTE],
];

describe('rules', () => {
  test.each(REQUIRED)('%s is in %s, %s, for %d ms', (name, group, severity, forMs) => {
    const rule = alerts.get(name);
    expect([rule?.group, rule?.labels['severity'], rule?.for]).toEqual([group, severity, forMs]);
  });

  test('alerts.yml has exactly its four groups', () => {
    const file = ruleFiles.find(({ file }) => file === 'rules/alerts.yml');
    expect(file?.groups.map(({ name }) => name)).toEqual([
      'app_alerts',
      'postgres_alerts',
      'node_alerts',
      'infrastructure_alerts',
    ]);
  });

  test('nothing in them is doubtful', () => {
    expect(lintRules(ruleFiles)).toEqual([]);
  });

  test('every alert says what, what it means, and where to read on', () => {
    const anchors = new Set(
      [...read('runbooks.md').matchAll(/^## (.+)$/gm)].map((match) => anchorOf(match[1] ?? '')),
    );
    for (const [name, { annotations }] of alerts) {
      for (const key of ['summary', 'description'])
        expect(annotations[key] ?? '', `${name} ${key}`).not.toBe('');
      const [file, anchor = ''] = (annotations['runbook_url'] ?? '').split('#');
      expect(file, name).toBe('config/runbooks.md');
      expect(anchors, name).toContain(anchor);
    }
  });

  test('every alert has a unit test in which it fires', () => {
    const fired = new Set<string>();
    for (const name of list('rules/tests', '.yml')) {
      const { tests } = parseYaml(read(`rules/tests/${name}`)) as {
        tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
      };
      for (const each of tests.flatMap((one) => one.alert_rule_test)) {
        if ((each.exp_alerts?.length ?? 0) > 0) fired.add(each.alertname);
      }
    }
    expect([...alerts.keys()].filter((name) => !fired.has(name))).toEqual([]);
  });

  test.each(list('rules/tests', '.yml'))('the unit tests in %s pass', async (name) => {
    expect(await testRuleFile(join(config, 'rules/tests', name))).toEqual([]);
  });
});

const promtool = spawnSync('promtool', ['--version']).status === 0;
describe.skipIf(!promtool)('promtool agrees (needs promtool)', () => {
  const run = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', cwd: config });
    return status === 0 ? 'good' : stdout + stderr;
  };
  test('on prometheus.yml and its rules', () => {
    expect(run('check', 'config', 'prometheus.yml')).toBe('good');
  });
  test.each(list('rules/tests', '.yml'))('on the unit tests in %s', (name) => {
    expect(run('test', 'rules', `rules/tests/${name}`)).toBe('good');
  });
});

describe('the other files', () => {
  const processes = v.parse(
    workloadsSchema,
    (parseYaml(read('prunella.yml')) as { workloads: unknown }).workloads,
  ).processes;

  test('prometheus.yml scrapes the shop, its worker and what a visitor sees', async () => {
    const { scrape_configs } = await loadPrometheusConfig(join(config, 'prometheus.yml'));
    expect(scrape_configs.map(({ job_name }) => job_name)).toEqual(['shop', 'worker', 'blackbox']);
  });

  test('alertmanager.yml lets what is critical wait for nothing', () => {
    const { route } = loadConfig(read('alertmanager.yml'), 'alertmanager.yml');
    const [critical] = [...route.walk()].filter((each) => each.id !== '0');
    expect(critical?.options.groupWait).toBe(0);
  });

  test('blackbox.yml has the modules that are asked for', () => {
    expect(() => parseProbeModules(read('blackbox.yml'), 'blackbox.yml')).not.toThrow();
  });

  test('every runbook is for alerts that exist, acts on processes that exist, and asks what can be asked', () => {
    const { runbooks } = parseHealing(read('healing.yml'), 'healing.yml');
    for (const runbook of runbooks) {
      const alertname = runbook.match.find(({ name }) => name === 'alertname');
      expect(
        [...alerts.keys()].filter((name) => alertname?.matches(name)),
        runbook.name,
      ).not.toEqual([]);
      const target = runbook.target;
      expect(target && 'service' in target ? processes.map(({ name }) => name) : []).toContain(
        target && 'service' in target ? target.service : '',
      );
      for (const step of runbook.steps) {
        if (step.kind === 'capture') for (const query of step.query) parse(query);
        if (step.kind === 'verify' && step.expr !== undefined) parse(step.expr);
      }
    }
  });

  test('there are no secrets in them', () => {
    const texts = readdirSync(config, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(yml|json|md)$/.test(name),
    );
    for (const name of texts)
      expect(read(name), name).not.toMatch(/password:\s*\S|postgres(ql)?:\/\/\w+:\w+@/i);
  });
});

/** As GitHub makes them from headings. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
