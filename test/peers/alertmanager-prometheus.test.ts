import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort, Sink, startOurs, untilReady } from './alertmanager-support.ts';

const installed = spawnSync('prometheus', ['--version']).error === undefined;

/** True until then, s. */
const rules = (until: number): string => `
groups:
- name: g
  interval: 1s
  rules: [{alert: Flag, expr: 'vector(time()) < ${until}', labels: {severity: page}, annotations: {summary: 'it is {{ $labels.severity }}'}}]
`;

describe.skipIf(!installed)(
  'a real Prometheus sends its alerts (skipped where prometheus is not installed)',
  () => {
    test('and people are told when they fire and when they resolve', { timeout: 60_000 }, async () => {
      const sink = await Sink.open();
      const ours =
        await startOurs(`route: {receiver: web, group_wait: 1s, group_interval: 1s, group_by: [alertname]}
receivers: [{name: web, webhook_configs: [{url: '${sink.url}/hook'}]}]`);
      const directory = await mkdtemp(join(tmpdir(), 'prunella-prometheus-'));
      const port = await freePort();
      await writeFile(join(directory, 'rules.yml'), rules(Date.now() / 1000 + 8));
      await writeFile(
        join(directory, 'prometheus.yml'),
        `global: {evaluation_interval: 1s, external_labels: {cluster: c}}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['${new URL(ours.url).host}']}]}]}`,
      );
      const prometheus = spawn(
        'prometheus',
        [
          '--config.file=prometheus.yml',
          '--storage.tsdb.path=data',
          `--web.listen-address=127.0.0.1:${port}`,
          '--rules.alert.resend-delay=1s',
          '--log.level=error',
        ],
        { cwd: directory, stdio: 'ignore' },
      );
      try {
        const url = `http://127.0.0.1:${port}`;
        await untilReady(`${url}/-/ready`, () => (prometheus.exitCode === null ? undefined : 'exited'));
        await expect
          .poll(() => sink.received[0]?.body, { timeout: 20_000 })
          .toMatchObject({
            status: 'firing',
            alerts: [
              {
                labels: { alertname: 'Flag', severity: 'page', cluster: 'c' },
                annotations: { summary: expect.stringContaining('it is') },
                generatorURL: expect.stringContaining('/graph?g0.expr='),
              },
            ],
          });
        await expect.poll(() => sink.received.at(-1)?.body.status, { timeout: 25_000 }).toBe('resolved');
      } finally {
        const gone = new Promise((resolve) => prometheus.once('exit', resolve));
        prometheus.kill('SIGTERM');
        await gone;
        await ours.stop();
        sink.close();
        await rm(directory, { recursive: true });
      }
    });
  },
);
