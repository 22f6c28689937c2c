import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { demandDatabase, readSettings, SettingsError } from './settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'shop-settings-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('readSettings()', () => {
  test('listens on loopback, on both ports, without faults', () => {
    expect(readSettings({})).toMatchObject({ host: '127.0.0.1', port: 8000, secondPort: 8080, demo: false });
  });

  test('takes quotes off a value and an empty one for none', () => {
    expect(readSettings({ PORT: '"9000"', PORT2: '', SHOP_DEMO: "'1'" })).toMatchObject({
      port: 9000,
      secondPort: 8080,
      demo: true,
    });
  });

  test('replicas of the worker have ports of their own', () => {
    expect(readSettings({}).workerPort).toBe(8002);
    expect(readSettings({ WORKER_PORT: '9100', REPLICA: '3' }).workerPort).toBe(9102);
  });

  test.each([
    [{ PORT: 'eighty' }, 'PORT: expected a port'],
    [{ SHOP_DEMO: 'yes' }, 'SHOP_DEMO: expected 0 or 1'],
    [{ NODE_ENV: 'production' }, 'SECRET_KEY: needed in production'],
    [{ NODE_ENV: 'production', SECRET_KEY: '""' }, 'SECRET_KEY: needed in production'],
    [{ SECRET_KEY_FILE: join(dir, 'none') }, 'SECRET_KEY_FILE: cannot read'],
  ])('%j is refused', (env, message) => {
    expect(() => readSettings(env)).toThrow(message);
    expect(() => readSettings(env)).toThrow(SettingsError);
  });

  test('production starts with a key', () => {
    expect(readSettings({ NODE_ENV: 'production', SECRET_KEY: 'k' })).toMatchObject({
      production: true,
      secretKey: 'k',
    });
  });

  test('secrets come from files as well, and the address is read when it is asked for', () => {
    const file = join(dir, 'url');
    const settings = readSettings({ DATABASE_URL_FILE: file });
    demandDatabase(settings);
    expect(() => settings.databaseUrl()).toThrow(SettingsError);
    writeFileSync(file, 'postgresql://a@b/c\n');
    expect(settings.databaseUrl()).toBe('postgresql://a@b/c');
  });

  test('a process that needs a database says so', () => {
    expect(() => demandDatabase(readSettings({}))).toThrow('DATABASE_URL: not set');
  });
});
