// A Prunella that begins to restart a service and never comes back from it; the test kills it there. It runs the built
// package, since a child process of a test has no TypeScript.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileIncidentLog, FileJournal, Healing, parseHealing, parseWebhook } from '../dist/index.js';

const dir = process.argv[2];
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const healing = new Healing({
  journal: new FileJournal(join(dir, 'incidents'), silent),
  log: new FileIncidentLog(join(dir, 'incident_log.jsonl')),
  mask: (text) => text,
  workloads: {
    list: async () => [{ name: 'api', service: 'api', kind: 'process', state: 'running', restarts: 0, ports: [] }],
    logs: async () => [],
    restart(service) {
      appendFileSync(join(dir, 'calls'), `restart ${service}\n`);
      return new Promise(() => {});
    },
    scale: async () => {},
    onEvent: () => () => {},
  },
});
healing.apply(
  parseHealing(
    `
global: {receiver: team}
runbooks:
  - name: restart
    match: [alertname=~"High.*"]
    target: {label: service, allow: [api, worker]}
    steps:
      - capture: {logs: {tail: 10}}
      - restart: {}
      - verify: {for: 100ms, timeout: 5s}
`,
    'healing.yml',
  ),
);
await healing.start();
const body = { alerts: [{ labels: { alertname: 'HighLatency', service: 'api' } }] };
await healing.alertsChanged(parseWebhook(body, Date.now()), 'webhook');
setInterval(() => {}, 1000);
