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

test.skipIf(process.platform !== 'linux')(
  'familyStats() agrees with what this process knows of itself',
  async () => {
    const own = (await readProcessTable()).filter((each) => each.pid === process.pid);
    const stats = await familyStats(own, 1);
    const { user, system } = process.cpuUsage();
    expect(stats.cpuUserSeconds + stats.cpuSystemSeconds).toBeGreaterThan(0);
    expect(stats.cpuUserSeconds).toBeLessThanOrEqual(user / 1e6 + 0.02 + (own[0]?.userTicks ?? 0) / 100);
    expect(Math.abs(stats.cpuSystemSeconds - system / 1e6)).toBeLessThan(2);
    expect(stats.memoryRssBytes / process.memoryUsage.rss()).toBeCloseTo(1, 0);
    expect(stats.memoryWorkingSetBytes).toBeLessThanOrEqual(stats.memoryRssBytes * 1.2);
    expect(stats.fds).toBeGreaterThan(3);
    expect(stats.threads).toBeGreaterThan(4);
    expect(stats.processes).toBe(1);
  },
);
