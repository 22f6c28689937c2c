/** Linux's /proc: which processes belong together, and what they use. See proc(5). */
import { readdir, readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import type { WorkloadStats } from '../workload.ts';

// USER_HZ, the unit of times in /proc/PID/stat, is 100 on every architecture that Linux runs Node.js on.
const TICKS_PER_SECOND = 100;

export interface ProcStat {
  readonly pid: number;
  readonly ppid: number;
  readonly pgrp: number;
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly threads: number;
  /** Ticks since boot: with the pid it names a process for good. */
  readonly startTicks: number;
  readonly zombie: boolean;
}

/** Reads a line of /proc/PID/stat. The command in parentheses may itself hold parentheses and spaces. */
export function parseStat(line: string): ProcStat {
  const open = line.indexOf('(');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  // Field numbers of proc(5), of which the first in `fields` is 3.
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid: Number(line.slice(0, open)),
    ppid: field(4),
    pgrp: field(5),
    // With those of children that ended and were waited for: the sum over a family then never falls.
    userTicks: field(14) + field(16),
    systemTicks: field(15) + field(17),
    threads: field(20),
    startTicks: field(22),
    zombie: fields[0] === 'Z' || fields[0] === 'X',
  };
}

/** @returns undefined when there is no such process, or no /proc */
export function readStatSync(pid: number): ProcStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Every process of the machine; empty where there is no /proc. */
export async function readProcessTable(): Promise<ProcStat[]> {
  let names: string[];
  try {
    names = await readdir('/proc');
  } catch {
    return [];
  }
  const lines = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((pid) => readQuietly(`/proc/${pid}/stat`)),
  );
  return lines.filter((line) => line !== '').map(parseStat);
}

/**
 * The process `leader`, its process group and all descendants. Both, because PostgreSQL's backends each form a group of
 * their own, and because a grandchild whose parent ended descends from init.
 */
export function familyOf(leader: number, table: readonly ProcStat[]): ProcStat[] {
  const children = new Map<number, ProcStat[]>();
  for (const each of table) {
    const siblings = children.get(each.ppid);
    if (siblings) siblings.push(each);
    else children.set(each.ppid, [each]);
  }
  const family = new Map<number, ProcStat>();
  const queue = table.filter((each) => each.pid === leader || each.pgrp === leader);
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (family.has(next.pid)) continue;
    family.set(next.pid, next);
    queue.push(...(children.get(next.pid) ?? []));
  }
  return [...family.values()].filter((each) => !each.zombie);
}

/** What a family uses, summed. Processes that end while they are read count as nothing. */
export async function familyStats(family: readonly ProcStat[], time: number): Promise<WorkloadStats> {
  const uses = await Promise.all(family.map((each) => processUse(each.pid)));
  const sum = (pick: (use: ProcessUse) => number): number =>
    uses.reduce((total, use) => total + pick(use), 0);
  const ticks = (pick: (stat: ProcStat) => number): number =>
    family.reduce((total, stat) => total + pick(stat), 0);
  return {
    time,
    cpuUserSeconds: ticks((stat) => stat.userTicks) / TICKS_PER_SECOND,
    cpuSystemSeconds: ticks((stat) => stat.systemTicks) / TICKS_PER_SECOND,
    memoryRssBytes: sum((use) => use.rss),
    memoryWorkingSetBytes: sum((use) => use.pss),
    processes: family.length,
    threads: ticks((stat) => stat.threads),
    fds: sum((use) => use.fds),
    ioReadBytes: sum((use) => use.read),
    ioWriteBytes: sum((use) => use.written),
  };
}

interface ProcessUse {
  rss: number;
  pss: number;
  fds: number;
  read: number;
  written: number;
}

async function processUse(pid: number): Promise<ProcessUse> {
  const [rollup, status, io, fds] = await Promise.all([
    readQuietly(`/proc/${pid}/smaps_rollup`),
    readQuietly(`/proc/${pid}/status`),
    readQuietly(`/proc/${pid}/io`),
    readdir(`/proc/${pid}/fd`).catch(() => []),
  ]);
  const rss = numberAfter(status, 'VmRSS') * 1024;
  // Kernels before 4.14, and processes of other users, do not show the rollup.
  const pss = rollup === '' ? rss : numberAfter(rollup, 'Pss') * 1024;
  return {
    rss,
    pss,
    fds: fds.length,
    read: numberAfter(io, 'read_bytes'),
    written: numberAfter(io, 'write_bytes'),
  };
}

/** The number in the line `name: 123 kB`, or 0. */
function numberAfter(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text);
  return match ? Number(match[1]) : 0;
}

async function readQuietly(file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1');
  } catch {
    return '';
  }
}
