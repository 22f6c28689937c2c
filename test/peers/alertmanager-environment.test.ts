/** The rules that environment variables stand for, through promtool. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentForm } from '@prunella/alertmanager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const installed = spawnSync('promtool', ['--version']).error === undefined;

/** Containers a (at the threshold) and b (above it), for every threshold; `CPU_THRESHOLD` comes with its quotes. */
const TESTS = `
rule_files: [rules.yml]
evaluation_interval: 15s
tests:
- interval: 15s
  input_series:
  - {series: 'container_cpu_usage_seconds_total{name="a", cpu="total"}', values: '0+6x40'}
  - {series: 'container_cpu_usage_seconds_total{name="b", cpu="total"}', values: '0+6.15x40'}
  - {series: 'container_memory_working_set_bytes{name="a"}', values: '500x40'}
  - {series: 'container_memory_working_set_bytes{name="b"}', values: '510x40'}
  - {series: 'container_spec_memory_limit_bytes{name="a"}', values: '1000x40'}
  - {series: 'container_spec_memory_limit_bytes{name="b"}', values: '1000x40'}
  - {series: 'probe_duration_seconds{instance="a"}', values: '1x40'}
  - {series: 'probe_duration_seconds{instance="b"}', values: '1.001x40'}
  - {series: 'probe_success{instance="a"}', values: '1x40'}
  - {series: 'probe_success{instance="b"}', values: '0x40'}
  alert_rule_test:
  - eval_time: 5m
    alertname: HighCPU
    exp_alerts:
    - exp_labels: {severity: warning, name: b}
      exp_annotations:
        {summary: 'b: cpu is above 40 %', description: 'b: cpu is 41.0 %; 40 % are allowed.', metric: cpu, value: '41.0', threshold: '40'}
  - eval_time: 5m
    alertname: HighMemory
    exp_alerts:
    - exp_labels: {severity: warning, name: b}
      exp_annotations:
        {summary: 'b: memory is above 50 %', description: 'b: memory is 51.0 %; 50 % are allowed.', metric: memory, value: '51.0', threshold: '50'}
  - eval_time: 5m
    alertname: SlowResponse
    exp_alerts:
    - exp_labels: {severity: warning, instance: b}
      exp_annotations:
        {summary: 'b: response_time is above 1000 ms', description: 'b: response_time is 1001.0 ms; 1000 ms are allowed.', metric: response_time, value: '1001.0', threshold: '1000'}
  - eval_time: 5m
    alertname: HealthCheckFailed
    exp_alerts:
    - exp_labels: {severity: critical, instance: b}
      exp_annotations: {summary: b fails its health check, metric: health, value: '0', threshold: '1'}
`;

describe.skipIf(!installed)('rules from the environment (skipped where promtool is not installed)', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'prunella-env-'));
    const env = { CPU_THRESHOLD: '"40"', MEMORY_THRESHOLD: '"50"', RESPONSE_TIME_THRESHOLD: '1000' };
    writeFileSync(join(directory, 'rules.yml'), environmentForm(env)?.rules ?? '');
    writeFileSync(join(directory, 'tests.yml'), TESTS);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each([
    ['check', 'rules', 'rules.yml'],
    ['test', 'rules', 'tests.yml'],
  ])('promtool %s %s', (...args) => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: directory, encoding: 'utf8' });
    expect(status, stdout + stderr).toBe(0);
  });
});
