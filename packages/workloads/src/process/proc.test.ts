import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { familyOf, familyStats, parseStat, readProcessTable, type ProcStat } from './proc.ts';

test('parseStat() is not misled by the name of a command', () => {
  const line =
    '77 (a) b (c) S 1 77 77 0 -1 4194560 100 0 0 0 12 3 4 1 20 0 9 0 5555 1000 200 18446744073709551615 0 0 0';
  expect(parseStat(line)).toEqual({
    pid: 77,
    ppid: 1,
    pgrp: 77,
    userTicks: 16,
    systemTicks: 4,
    threads: 9,
    startTicks: 5555,
    zombie: false,
  });
});

function row(pid: number, ppid: number, pgrp: number, zombie = false): ProcStat {
  return { pid, ppid, pgrp, zombie, userTicks: 1, systemTicks: 0, threads: 1, startTicks: 1 };
}

test('familyOf() takes the group and all descendants, and no zombies', () => {
  const table = [
    row(1, 0, 1),
    row(10, 1, 10),
    row(11, 10, 11), // a child that leads its own group, as PostgreSQL's backends do
    row(12, 11, 11),
    row(13, 1, 10), // its parent is gone, its group is not
    row(14, 10, 10, true),
    row(20, 1, 20),
  ];
  expect(new Set(familyOf(10, table).map((each) => each.pid))).toEqual(new Set([10, 11, 12, 13]));
  expect(familyOf(99, table)).toEqual([]);
});

/** Burns a little, says what it has used, and waits to be killed. */
const BURNER = `
const end = Date.now() + 300;
while (Date.now() < end);
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ cpu: (user + system) / 1e6, rss: process.memoryUsage.rss() }));
setInterval(() => {}, 1000);
`;

test.skipIf(process.platform !== 'linux')(
  'familyStats() agrees with what a process knows of itself',
  async () => {
    const child = spawn(process.execPath, ['-e', BURNER], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const own = JSON.parse(line.toString()) as { cpu: number; rss: number };
      const table = (await readProcessTable()).filter(({ pid }) => pid === child.pid);
      const stats = await familyStats(table, 1);
      expect(Math.abs(stats.cpuUserSeconds + stats.cpuSystemSeconds - own.cpu)).toBeLessThan(0.1);
      expect(Math.abs(stats.memoryRssBytes / own.rss - 1)).toBeLessThan(0.2);
      expect(stats.memoryWorkingSetBytes).toBeLessThanOrEqual(stats.memoryRssBytes * 1.2);
      expect(stats.fds).toBeGreaterThan(3);
      expect(stats.threads).toBeGreaterThan(4);
      expect(stats.processes).toBe(1);
    } finally {
      child.kill('SIGKILL');
    }
  },
);
