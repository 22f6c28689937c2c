import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels, silentLogger, systemClock, type Appendable, type Queryable } from '@prunella/metrics';
import { Notifier, parseRuleFile, RuleManager } from '@prunella/rules';
import { parsePrometheusConfig } from '@prunella/scrape';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const has = spawnSync('prometheus-alertmanager', ['--version']).status === 0;

const RULES = `
groups:
  - name: g
    interval: 1s
    rules:
      - alert: Down
        expr: up == 0
        labels: {severity: page, "replica": "{{ $labels.instance }}"}
        annotations: {summary: '{{ $labels.instance }} is "down" <b>'}
`;

interface Shown {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly generatorURL: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

describe.skipIf(!has)('our rules tell a real Alertmanager (skipped without prometheus-alertmanager)', () => {
  let dir: string;
  let address: string;
  let alertmanager: ChildProcess;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'prunella-notifier-'));
    writeFileSync(join(dir, 'am.yml'), 'route: {receiver: none}\nreceivers: [{name: none}]\n');
    address = `127.0.0.1:${await freePort()}`;
    alertmanager = spawn(
      'prometheus-alertmanager',
      [
        `--config.file=${dir}/am.yml`,
        `--storage.path=${dir}/data`,
        `--web.listen-address=${address}`,
        '--cluster.listen-address=',
      ],
      { stdio: 'ignore' },
    );
    await until(async () => (await fetch(`http://${address}/-/ready`)).ok);
  });

  afterAll(async () => {
    const gone = new Promise((resolve) => alertmanager.once('exit', resolve));
    alertmanager.kill('SIGTERM');
    await gone;
    rmSync(dir, { recursive: true, force: true });
  });

  const shown = async (): Promise<Shown[]> =>
    (await (await fetch(`http://${address}/api/v2/alerts`)).json()) as Shown[];

  test('of what fires, with external labels and relabelling, and of what resolves', async () => {
    const { alerting, global } = parsePrometheusConfig(
      `global: {external_labels: {region: eu}}
alerting:
  alert_relabel_configs: [{action: labeldrop, regex: replica}]
  alertmanagers: [{static_configs: [{targets: ['${address}']}]}]
`,
      join(dir, 'prometheus.yml'),
    );
    const notifier = new Notifier({ clock: systemClock, logger: silentLogger });
    await notifier.apply({
      alert_relabel_configs: alerting.alert_relabel_configs,
      alertmanagers: alerting.alertmanagers.map((settings) => ({ settings, discoveries: [fixed(address)] })),
      directory: dir,
    });
    let down = true;
    const rules = new RuleManager({
      query: async (_, time) => ({
        value: {
          type: 'vector',
          samples: down ? [{ labels: Labels.from({ __name__: 'up', instance: 'a:1' }), time, value: 0 }] : [],
        },
        warnings: [],
        infos: [],
      }),
      appendable: nothing,
      queryable: nothing,
      notify: (alerts) => notifier.send(alerts),
      clock: systemClock,
      logger: silentLogger,
      externalURL: 'http://prunella:9090/',
    });
    await rules.apply([parseRuleFile(RULES, 'rules.yml')], {
      externalLabels: Labels.from(global.external_labels),
    });
    rules.start();
    await until(async () => (await shown()).length === 1);
    const [alert] = await shown();
    expect(alert).toMatchObject({
      labels: { alertname: 'Down', instance: 'a:1', severity: 'page', region: 'eu' },
      annotations: { summary: 'a:1 is "down" <b>' },
      generatorURL: 'http://prunella:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
    });
    expect(alert?.labels).not.toHaveProperty('replica');
    // Four times the resend delay.
    const valid = Date.parse(alert?.endsAt ?? '') - Date.now();
    expect(valid).toBeGreaterThan(200_000);
    expect(valid).toBeLessThan(245_000);
    down = false;
    await until(async () => (await shown()).length === 0);
    await rules.stop();
    await notifier.stop();
  });
});

function fixed(address: string) {
  return {
    start: async (listener: (found: { source: string; targets: Labels[] }) => void) =>
      listener({ source: 'static', targets: [Labels.from({ __address__: address })] }),
    stop: async () => {},
  };
}

const nothing: Appendable & Queryable = {
  appender: () => ({
    append: () => 0,
    appendStale: () => 0,
    appendHistogram: () => 0,
    appendExemplar: () => 0,
    updateMetadata: () => 0,
    commit: async () => {},
    rollback: () => {},
  }),
  querier: () => ({
    async *select() {},
    labelNames: async () => [],
    labelValues: async () => [],
    warnings: [],
    close: () => {},
  }),
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error('timed out');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
