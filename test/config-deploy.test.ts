import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { loadConfig } from '@prunella/alertmanager';
import { parseHealing } from '@prunella/healing';
import { parsePrometheusConfig } from '@prunella/scrape';
import { workloadsSchema } from '@prunella/workloads';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';

const root = join(import.meta.dirname, '..');
const deploy = join(root, 'deploy');
const read = (path: string): string => readFileSync(join(deploy, path), 'utf8');
const files = readdirSync(deploy, { recursive: true, encoding: 'utf8' });

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string } | null;
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly ports?: readonly string[];
  readonly container_name?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}
const composeFiles = files.filter((path) => /docker-compose\.ya?ml$/.test(path));
const compose = (path: string): Compose => parseYaml(read(path), { merge: true }) as Compose;

describe.each(composeFiles)('%s', (path) => {
  const { services, volumes = {} } = compose(path);
  const folder = join(deploy, dirname(path));

  test('has an image, or a Dockerfile that exists, for each service', () => {
    for (const [name, { image, build }] of Object.entries(services)) {
      if (image !== undefined) expect(image, name).toMatch(/^[\w./-]+:[\w.-]+$/);
      else
        expect(existsSync(resolve(folder, build?.context ?? '', build?.dockerfile ?? '')), name).toBe(true);
    }
  });

  test('waits for and mounts what exists', () => {
    for (const [name, service] of Object.entries(services)) {
      const others = Array.isArray(service.depends_on)
        ? service.depends_on
        : Object.keys(service.depends_on ?? {});
      for (const other of others as string[]) expect(services, name).toHaveProperty(other);
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('.'))
          expect(existsSync(resolve(folder, source)), `${name} ${source}`).toBe(true);
        else if (!source.startsWith('/')) expect(volumes, name).toHaveProperty(source);
      }
    }
  });

  test('gives Docker’s socket to nobody but the proxy, read-only', () => {
    for (const [name, { volumes: mounted = [] }] of Object.entries(services)) {
      const socket = mounted.find((volume) => volume.includes('docker.sock'));
      if (socket !== undefined) expect([name, socket.endsWith(':ro')]).toEqual(['docker-proxy', true]);
    }
  });
});

test('the names that the seeds’ commands use are there', () => {
  expect(Object.keys(compose('products/docker-compose.yml').services)).toEqual(['app', 'db', 'prometheus']);
  const { services } = compose('observability/docker-compose.yml');
  expect(services['api']?.container_name).toBe('flask_api');
  expect(services['worker']?.container_name).toBeUndefined(); // or it could not be scaled
  expect(services['api']?.ports).toContain('127.0.0.1:8000:8000');
  expect(services['alert_bot']?.ports).toContain('127.0.0.1:5001:5001');
  for (const path of [
    'api/Dockerfile',
    'worker/Dockerfile',
    'alert_bot/Dockerfile',
    'prometheus/prometheus.yml',
    'prometheus/alert.rules.yml',
    'alertmanager/config.yml',
    'db/init.sql',
    'docker-compose.yml',
    'README.md',
  ]) {
    expect(files).toContain(`observability/${path}`);
  }
});

test.each(files.filter((path) => path.endsWith('Dockerfile')))(
  '%s is slim and does not run as root',
  (path) => {
    const text = read(path);
    for (const [, image = ''] of text.matchAll(/^FROM (\S+)/gm)) expect(image).toMatch(/-slim$/);
    expect(text).toMatch(/^USER node$/m);
  },
);

test.each([
  ['observability/db/init.sql', 'apps/shop/db/init.sql'],
  ['observability/prometheus/alert.rules.yml', 'config/rules/api.yml'],
])('%s is a copy of %s', (copy, original) => {
  expect(read(copy)).toBe(readFileSync(join(root, original), 'utf8'));
});

test('our programs take the files as well', () => {
  for (const path of files.filter((each) => each.endsWith('prometheus.yml'))) {
    expect(() => parsePrometheusConfig(read(path), path), path).not.toThrow();
  }
  for (const path of ['observability/alertmanager/config.yml', 'alerting/alertmanager.yml']) {
    expect(loadConfig(read(path), path).extensions, path).toEqual([]);
  }
  expect(parseHealing(read('observability/alert_bot/healing.yml'), 'healing.yml').runbooks).toHaveLength(1);
  const { workloads } = parseYaml(read('observability/alert_bot/prunella.yml')) as { workloads: unknown };
  expect(v.parse(workloadsSchema, workloads).docker?.host).toBe('http://docker-proxy:2375');
});

test('.env samples hold no secret, and the mail service’s has exactly its names', () => {
  const names = read('containers/.env-sample')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [line.split('=')[0]]));
  expect(names).toEqual([
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_REGION',
    'SENDER_EMAIL',
    'RECIPIENT_EMAILS',
    'CHECK_INTERVAL',
    'ALERT_COOLDOWN',
    'BUFFER_TIMEOUT',
  ]);
  expect(read('containers/.env-sample')).toMatch(/^AWS_SECRET_ACCESS_KEY=$/m);
  expect(files.filter((path) => path.endsWith('/.env'))).toEqual([]);
});

test('wait-for.sh runs its command when the port answers, not before', async () => {
  const script = join(deploy, 'products/wait-for.sh');
  expect(statSync(script).mode & 0o111).not.toBe(0);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const child = spawn('sh', [script, '127.0.0.1', String(port), 'echo', 'up and', 'running']);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(said).toBe('');
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await once(child, 'exit');
  server.close();
  expect(said).toBe('up and running\n');
});

const peers =
  spawnSync('promtool', ['--version']).status === 0 && spawnSync('amtool', ['--version']).status === 0;
describe.skipIf(!peers)('promtool and amtool agree (need both)', () => {
  const run = (program: string, ...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: deploy });
    return status === 0 ? 'good' : stdout + stderr;
  };
  test('on the files of the classic stack', () => {
    // The rule files of the others are mounted from config/, which is checked by itself.
    expect(run('promtool', 'check', 'config', 'observability/prometheus/prometheus.yml')).toBe('good');
    for (const path of ['alerting/prometheus.yml', 'products/prometheus.yml']) {
      expect(run('promtool', 'check', 'config', '--syntax-only', path)).toBe('good');
    }
    for (const path of ['observability/alertmanager/config.yml', 'alerting/alertmanager.yml']) {
      expect(run('amtool', 'check-config', path)).toBe('good');
    }
  });
  test('on who hears of what is critical', () => {
    const args = [
      'config',
      'routes',
      'test',
      '--config.file=observability/alertmanager/config.yml',
      'severity=critical',
    ];
    expect(spawnSync('amtool', args, { encoding: 'utf8', cwd: deploy }).stdout.trim()).toBe('people-and-bot');
  });
});
