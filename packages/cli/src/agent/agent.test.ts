import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readExposition, silentLogger } from '@prunella/metrics';
import { afterAll, expect, test } from 'vitest';
import { command } from '../commands/agent.ts';
import { Agent } from './agent.ts';
import { parseAgentFlags } from './flags.ts';

const folder = mkdtempSync(join(tmpdir(), 'prunella-agent-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('without a file it stands in for node_exporter, text files included', async () => {
  writeFileSync(join(folder, 'own.prom'), 'backup_age_seconds 12\n');
  const flags = parseAgentFlags([
    '--web.listen-address=127.0.0.1:0',
    `--collector.textfile.directory=${folder}`,
  ]);
  const agent = await Agent.start(flags, {}, silentLogger);
  const get = async (path: string): Promise<string> => (await fetch(agent.url + path)).text();
  const names = new Set(readExposition(await get('/metrics')).samples.map(({ labels }) => labels.metricName));
  for (const name of [
    'node_cpu_seconds_total',
    'node_load1',
    'node_filesystem_avail_bytes',
    'backup_age_seconds',
  ])
    expect(names).toContain(name);
  expect(await get('/collectors/textfile/metrics')).toContain('backup_age_seconds 12\n');
  expect(await get(`/probe?target=${encodeURIComponent(`${agent.url}/-/healthy`)}`)).toContain(
    'probe_success 1\n',
  );
  await agent.stop();
  await expect(fetch(agent.url)).rejects.toThrow('fetch failed');
});

test('with a file it collects what the file says', async () => {
  const file = join(folder, 'prunella.yml');
  writeFileSync(
    file,
    "collectors: {containers: {}, postgres: [{name: a, dsn: 'postgresql://u:hush@127.0.0.1:1/x'}]}\n",
  );
  const agent = await Agent.start(
    parseAgentFlags(['--web.listen-address=127.0.0.1:0', `--prunella.config=${file}`]),
    {},
    silentLogger,
  );
  const text = await (await fetch(`${agent.url}/metrics`)).text();
  expect(text).toContain('pg_up 0\n');
  expect(text).toContain('container_scrape_error 0\n');
  expect(text).not.toContain('node_load1');
  expect(text).not.toContain('hush');
  await agent.stop();
});

test('a port in use is one clear sentence', async () => {
  const agent = await Agent.start(parseAgentFlags(['--web.listen-address=127.0.0.1:0']), {}, silentLogger);
  const address = new URL(agent.url).host;
  const io = { out: () => {}, err: () => {}, env: {}, signal: AbortSignal.abort() };
  await expect(command.run([`--web.listen-address=${address}`], io)).rejects.toThrow(
    `cannot listen on ${address}: the port is in use`,
  );
  await agent.stop();
});
