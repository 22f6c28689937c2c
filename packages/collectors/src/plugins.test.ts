import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readExposition, systemClock } from '@prunella/metrics';
import { afterAll, describe, expect, test } from 'vitest';
import { ExecCollector, ProcessCollector, TextfileCollector } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'prunella-plugins-'));
afterAll(() => rmSync(folder, { recursive: true }));

function samples(text: string): Record<string, number> {
  return Object.fromEntries(
    readExposition(text).samples.map(({ labels, value }) => [labels.toString(), value]),
  );
}

describe('the textfile collector', () => {
  test('joins files, and leaves out what it cannot read', async () => {
    const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    put(
      'a.prom',
      '# HELP backup_size_bytes Size.\n# TYPE backup_size_bytes gauge\nbackup_size_bytes{db="a"} 5\n',
    );
    put('b.prom', '# TYPE backup_size_bytes gauge\nbackup_size_bytes{db="b"} 6\nlonely 1\n');
    put('ignored.txt', 'x 1\n');
    const good = await new TextfileCollector(folder).collect();
    expect(good.match(/# TYPE backup_size_bytes/g)).toHaveLength(1);
    expect(samples(good)).toMatchObject({
      'backup_size_bytes{db="a"}': 5,
      'backup_size_bytes{db="b"}': 6,
      lonely: 1,
      node_textfile_scrape_error: 0,
    });
    expect(samples(good)[`node_textfile_mtime_seconds{file="${join(folder, 'a.prom')}"}`]).toBeGreaterThan(
      1.6e9,
    );
    put('c.prom', 'half');
    put('d.prom', 'late 1 1000\n');
    const bad = samples(await new TextfileCollector(folder).collect());
    expect(bad).toMatchObject({ 'backup_size_bytes{db="a"}': 5, node_textfile_scrape_error: 1 });
    expect(bad).not.toHaveProperty('late');
    expect(samples(await new TextfileCollector(join(folder, 'gone')).collect())).toEqual({
      node_textfile_scrape_error: 1,
    });
  });
});

describe('the exec collector', () => {
  const node = (script: string): [string, ...string[]] => [process.execPath, '-e', script];

  test('takes what programs print, each whole or not at all', async () => {
    const collector = new ExecCollector(
      [
        {
          name: 'good',
          command: node('console.log("queue_length{q=\\"" + process.env.Q + "\\"} 7")'),
          env: { Q: 'mail' },
        },
        { name: 'fails', command: node('console.log("wrong 1"); process.exit(3)') },
        { name: 'prose', command: node('console.log("hello world")') },
        { name: 'hangs', command: ['sh', '-c', 'sleep 60 & sleep 60'], timeout: 300 },
        { name: 'missing', command: ['/no/such/program'] },
        { name: 'floods', command: node('for(;;) process.stdout.write("x".repeat(1e6))'), timeout: 5000 },
      ],
      systemClock,
    );
    const all = samples(await collector.collect());
    expect(all['queue_length{q="mail"}']).toBe(7);
    expect(all).not.toHaveProperty('wrong');
    const success = ['good', 'fails', 'prose', 'hangs', 'missing', 'floods'].map(
      (name) => all[`prunella_exec_success{command="${name}"}`],
    );
    expect(success).toEqual([1, 0, 0, 0, 0, 0]);
    expect(all['prunella_exec_duration_seconds{command="hangs"}']).toBeLessThan(5);
  });
});

describe('the process collector', () => {
  test('tells of a process what /proc tells, and whether it is there', async () => {
    const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    const collector = new ProcessCollector(() => [
      { pid: () => child.pid, labels: { service: 'x' } },
      { pid: () => process.pid },
    ]);
    const all = samples(await collector.collect());
    const status = readFileSync('/proc/self/status', 'utf8');
    const own = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    expect(all['process_resident_memory_bytes']! / (own('VmRSS') * 1024)).toBeCloseTo(1, 1);
    expect(all['process_virtual_memory_bytes']! / (own('VmSize') * 1024)).toBeCloseTo(1, 1);
    expect(Math.abs(all['process_threads']! - own('Threads'))).toBeLessThanOrEqual(2);
    expect(Math.abs(all['process_open_fds']! - readdirSync('/proc/self/fd').length)).toBeLessThanOrEqual(5);
    const { user, system } = process.cpuUsage();
    expect(Math.abs(all['process_cpu_seconds_total']! - (user + system) / 1e6)).toBeLessThan(0.3);
    const started = systemClock.now() / 1000 - process.uptime();
    expect(Math.abs(all['process_start_time_seconds']! - started)).toBeLessThan(2);
    expect(all['process_up{service="x"}']).toBe(1);
    expect(all['process_resident_memory_bytes{service="x"}']).toBeGreaterThan(1e6);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const after = samples(await collector.collect());
    expect(after['process_up{service="x"}']).toBe(0);
    expect(after).not.toHaveProperty('process_threads{service="x"}');
  });
});
