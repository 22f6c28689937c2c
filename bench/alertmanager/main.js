// npm run bench -- alertmanager [--alerts=50000] [--groups=5000] [--real=prometheus-alertmanager]
// The same alerts to ours and, where it is on the PATH, to the real Alertmanager: memory, CPU and delivery lag.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../port.js';

const { values: flags } = parseArgs({
  options: {
    alerts: { type: 'string', default: '50000' },
    groups: { type: 'string', default: '5000' },
    real: { type: 'string', default: 'prometheus-alertmanager' },
  },
});
const ALERTS = Number(flags.alerts);
const GROUPS = Number(flags.groups);
const BATCH = 1000;
const GROUP_WAIT = 5;
const script = fileURLToPath(new URL('../../test/peers/alertmanager-process.js', import.meta.url));

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** CPU seconds and resident MB of a process. */
async function usage(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ');
  const pages = Number((await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1]);
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, mb: (pages * 4096) / 2 ** 20 };
}

function alertsOf(batch) {
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  return Array.from({ length: Math.min(BATCH, ALERTS - batch * BATCH) }, (_, i) => {
    const n = batch * BATCH + i;
    return {
      labels: {
        alertname: `Alert${n % GROUPS}`,
        instance: `10.0.${n >> 8}.${n & 255}:9100`,
        job: 'node',
        severity: n % 3 === 0 ? 'critical' : 'warning',
        cluster: 'eu-west-1',
      },
      annotations: { summary: `Instance ${n} is not well`, description: 'x'.repeat(100) },
      startsAt: new Date().toISOString(),
      endsAt,
      generatorURL: 'http://prometheus:9090/graph?g0.expr=up+%3D%3D+0',
    };
  });
}

async function postAll(url) {
  const start = performance.now();
  for (let batch = 0; batch * BATCH < ALERTS; batch++) {
    const body = JSON.stringify(alertsOf(batch));
    const answer = await fetch(`${url}/api/v2/alerts`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  }
  return performance.now() - start;
}

async function measure(name, command, args, port, sink, directory) {
  const child = spawn(command, args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    if (
      await fetch(`${url}/api/v2/status`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break;
    if (i > 200 || child.exitCode !== null) throw new Error(`${name} did not start: ${log}`);
    await sleep(50);
  }
  sink.reset();
  const idle = await usage(child.pid);
  const posted = await postAll(url);
  for (let i = 0; i < 600 && sink.groups.size < GROUPS; i++) await sleep(100);
  const told = await usage(child.pid);
  const again = await postAll(url);
  await sleep(1000);
  const after = await usage(child.pid);
  const query = performance.now();
  await fetch(`${url}/api/v2/alerts/groups?active=true`).then((answer) => answer.arrayBuffer());
  const groups = performance.now() - query;
  child.kill('SIGKILL');
  const lags = [...sink.groups.values()].sort((a, b) => a - b);
  return {
    name,
    'idle MB': idle.mb.toFixed(0),
    'MB with alerts': told.mb.toFixed(0),
    'post s': (posted / 1000).toFixed(2),
    'CPU s until told': (told.cpu - idle.cpu).toFixed(2),
    'lag ms p50': lags[lags.length >> 1]?.toFixed(0),
    'lag ms p99': lags[Math.floor(lags.length * 0.99)]?.toFixed(0),
    'lag ms max': lags.at(-1)?.toFixed(0),
    'groups told': `${lags.length}/${GROUPS}`,
    'post again s': (again / 1000).toFixed(2),
    'CPU s again': (after.cpu - told.cpu).toFixed(2),
    'GET groups ms': groups.toFixed(0),
  };
}

/** How long after group_wait each group's message came. The group's wait begins with its first alert. */
async function openSink() {
  const groups = new Map();
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const now = Date.now();
      const { groupKey, alerts } = JSON.parse(Buffer.concat(chunks));
      const first = Math.min(...alerts.map((alert) => Date.parse(alert.startsAt)));
      if (!groups.has(groupKey)) groups.set(groupKey, now - first - GROUP_WAIT * 1000);
      response.end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    groups,
    url: `http://127.0.0.1:${server.address().port}`,
    reset: () => groups.clear(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function run(name) {
  const directory = await mkdtemp(join(tmpdir(), 'prunella-bench-am-'));
  const sink = await openSink();
  const port = await freePort();
  const file = join(directory, 'alertmanager.yml');
  await writeFile(
    file,
    `route: {receiver: web, group_by: [alertname], group_wait: ${GROUP_WAIT}s, group_interval: 5m, repeat_interval: 4h,
  routes: [{matchers: ['team="none"'], receiver: web}, {matchers: ['severity=~"crit.*|warning"'], receiver: web}]}
inhibit_rules: [{source_matchers: ['severity="fatal"'], target_matchers: ['severity=~"critical|warning"'], equal: [instance]}]
receivers: [{name: web, webhook_configs: [{url: '${sink.url}'}]}]`,
  );
  try {
    const args =
      name === 'ours'
        ? [process.execPath, [script, join(directory, 'data'), file, String(port)]]
        : [
            flags.real,
            [
              '--config.file',
              file,
              '--storage.path',
              join(directory, 'data'),
              '--web.listen-address',
              `127.0.0.1:${port}`,
              '--cluster.listen-address=',
            ],
          ];
    return await measure(name, args[0], args[1], port, sink, directory);
  } finally {
    sink.close();
    await rm(directory, { recursive: true });
  }
}

const results = [await run('ours')];
const version = spawnSync(flags.real, ['--version'], { encoding: 'utf8' });
if (version.error === undefined) {
  const release = /version (\S+)/.exec(version.stdout + version.stderr)?.[1];
  results.push({ ...(await run('real')), name: `alertmanager ${release}` });
} else console.log(`${flags.real} is not on the PATH: ours alone`);
console.log(
  `${ALERTS} alerts in ${GROUPS} groups; ${cpus().length} cores, ${cpus()[0]?.model}, Node ${process.version}`,
);
for (const key of Object.keys(results[0]))
  console.log(key.padEnd(18), ...results.map((result) => String(result[key]).padStart(22)));
