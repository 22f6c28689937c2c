import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { builtInProfiles, parseProfile, ProfileError } from './profile.ts';
import { runStress } from './stress.ts';

const dir = mkdtempSync(join(tmpdir(), 'stress-'));
afterAll(() => rmSync(dir, { recursive: true }));

let shop: Server | undefined;
afterEach(() => {
  shop?.closeAllConnections();
  shop?.close();
  shop = undefined;
});

/** A shop that only counts who came. */
async function countingShop(): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((req, res) => {
    seen.push(`${req.method} ${req.url}`);
    res.end('{}');
  });
  shop = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function run(profile: string, seconds: number, url = 'http://127.0.0.1:1'): Promise<string[]> {
  const lines: string[] = [];
  const env = { STRESS_SECONDS: String(seconds), SHOP_URL: url };
  await runStress(profile, { out: (line) => lines.push(line), env, signal: new AbortController().signal });
  return lines;
}

const main = join(import.meta.dirname, '../dist/main.js');
const measurable = existsSync(main) && process.platform === 'linux';
const MB = 1_048_576;
const PAGE = 4096;

/** Runs a profile in a process of its own, for in this one other tests run too. Times in seconds, memory in bytes. */
async function measured(
  profile: string,
  url = 'http://127.0.0.1:1',
): Promise<{ code: unknown; cpu: number; took: number; memory: number }> {
  const began = performance.now();
  const env = { ...process.env, STRESS_LEVEL: `"${profile}"`, STRESS_SECONDS: '2', SHOP_URL: url };
  const child = spawn(process.execPath, [main], { env, stdio: 'ignore' });
  let cpu = 0;
  let memory = 0;
  const timer = setInterval(() => {
    try {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      cpu = Math.max(cpu, (Number(stat[11]) + Number(stat[12])) / 100);
      memory = Math.max(memory, Number(stat[21]) * PAGE);
    } catch {
      // it has ended
    }
  }, 20);
  const [code] = (await once(child, 'exit')) as [unknown];
  clearInterval(timer);
  return { code, cpu, took: (performance.now() - began) / 1000, memory };
}

describe.skipIf(!measurable)('the profiles (need Linux and a build)', () => {
  test('cpu-intensive uses the processor and little memory', async () => {
    const { code, cpu, memory } = await measured('cpu-intensive');
    expect(code).toBe(0);
    expect(cpu).toBeGreaterThan(0.3);
    expect(memory).toBeLessThan(150 * MB);
  });

  test('memory-intensive holds memory and uses little of the processor', async () => {
    const { code, cpu, took, memory } = await measured('memory-intensive');
    expect(code).toBe(0);
    expect(memory).toBeGreaterThan(500 * MB);
    // Where the machine is short of cores, getting so much memory takes the kernel longer, too.
    expect(cpu).toBeLessThan(Math.max(1.5, took / 2));
  });

  test('db-intensive asks the shop for it and does nothing else', async () => {
    const { url, seen } = await countingShop();
    const { code, cpu, memory } = await measured('db-intensive', url);
    expect(code).toBe(0);
    expect(seen).toEqual(['POST /load/db?lanes=4&seconds=2']);
    expect(cpu).toBeLessThan(1);
    expect(memory).toBeLessThan(150 * MB);
  });

  test('extreme is all of it, and visitors', async () => {
    const { url, seen } = await countingShop();
    const { code, cpu, memory } = await measured('extreme', url);
    expect(code).toBe(0);
    expect(cpu).toBeGreaterThan(0.3);
    expect(memory).toBeGreaterThan(500 * MB);
    expect(seen.filter((line) => line.startsWith('GET')).length).toBeGreaterThan(20);
    expect(seen).toContain('POST /load/db?lanes=4&seconds=2');
  });
});

describe('runStress()', () => {
  test('a profile of your own runs, and a shop that is away is told about', async () => {
    const file = join(dir, 'mine.json');
    writeFileSync(file, '{"seconds": 60, "clients": 2, "databaseLanes": 1}');
    const lines = await run(file, 0.5);
    expect(lines[0]).toBe(`${file}: 1 database sessions, 2 clients for 0.5 s`);
    expect(lines.some((line) => line.includes('does not answer'))).toBe(true);
    expect(lines.at(-1)).toBe(`${file}: done`);
  });

  test('it ends when it is told to', async () => {
    const abort = new AbortController();
    const begin = performance.now();
    setTimeout(() => abort.abort(), 200);
    await runStress('cpu-intensive', { out: () => {}, env: {}, signal: abort.signal });
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  test.each([
    [
      'no-such',
      'unknown profile "no-such", expected cpu-intensive, memory-intensive, db-intensive, extreme or a .json file',
    ],
    ['none.json', 'none.json: ENOENT'],
  ])('%s is refused', async (name, message) => {
    await expect(run(name, 1)).rejects.toThrow(ProfileError);
    await expect(run(name, 1)).rejects.toThrow(message);
  });
});

describe('parseProfile()', () => {
  test.each([
    ['{', 'mine: '],
    ['[]', 'mine: expected an object'],
    ['{"threads": 1}', 'mine: unknown key threads'],
    ['{"toString": 1}', 'mine: unknown key toString'],
    ['{"cpuThreads": -1}', 'mine: cpuThreads must be a whole number from 0 to 256'],
    ['{"seconds": 1e9}', 'mine: seconds must be a whole number from 0 to 3600'],
    ['{"memoryMb": "1"}', 'mine: memoryMb must be'],
  ])('refuses %s', (text, message) => {
    expect(() => parseProfile(text, 'mine')).toThrow(message);
  });

  test('every built-in profile is bounded', () => {
    for (const processors of [1, 2, 64]) {
      for (const { name, ...profile } of builtInProfiles(processors)) {
        expect(() => parseProfile(JSON.stringify(profile), name)).not.toThrow();
      }
    }
  });
});
