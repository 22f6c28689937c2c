/**
 * What we started is written down, so that a Prunella that was killed with SIGKILL does not leave processes for ever:
 * the next start stops them. A pid alone could name a stranger by then; pid and start time together cannot.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, type Clock, type Logger } from '@prunella/metrics';
import * as v from 'valibot';
import { killFamily } from './kill.ts';
import { familyOf, readProcessTable, readStatSync, type ProcStat } from './proc.ts';

const recordSchema = v.object({
  name: v.string(),
  pid: v.pipe(v.number(), v.integer(), v.minValue(2)),
  startTicks: v.number(),
  bootId: v.string(),
});

type PidRecord = v.InferOutput<typeof recordSchema>;

export class PidFiles {
  readonly #dir: string;
  readonly #logger: Logger;

  /** @param dir e.g. `DATA/prunella/processes` */
  constructor(dir: string, logger: Logger) {
    this.#dir = dir;
    this.#logger = logger;
  }

  write(name: string, pid: number): void {
    const stat = readStatSync(pid);
    if (!stat) return;
    const record: PidRecord = { name, pid, startTicks: stat.startTicks, bootId: bootId() };
    try {
      mkdirSync(this.#dir, { recursive: true });
      // Renamed into place, so that a crash leaves the old file or the new one and never half of one.
      writeFileSync(`${this.#path(name)}.tmp`, JSON.stringify(record));
      renameSync(`${this.#path(name)}.tmp`, this.#path(name));
    } catch (error) {
      this.#logger.warn({ err: error, workload: name }, 'cannot write the pid file');
    }
  }

  remove(name: string): void {
    try {
      rmSync(this.#path(name), { force: true });
    } catch (error) {
      this.#logger.warn({ err: error, workload: name }, 'cannot remove the pid file');
    }
  }

  /** Stops what an earlier Prunella left running: SIGTERM, up to `grace` ms, SIGKILL. @returns their names */
  async stopLeftovers(clock: Clock, grace: number): Promise<string[]> {
    const records = this.#read();
    const table = await readProcessTable();
    const left = records.filter((record) => isAlive(record, table));
    for (const record of left) killFamily(record.pid, familyOf(record.pid, table), 'SIGTERM');
    const end = clock.now() + grace;
    let alive = left;
    while (alive.length > 0 && clock.now() < end) {
      await sleep(clock, 50);
      const now = await readProcessTable();
      alive = alive.filter((record) => isAlive(record, now));
    }
    const last = await readProcessTable();
    for (const record of left) {
      // By the family of before: once the leader is gone its children have another parent.
      const survivors = familyOf(record.pid, table).filter((each) => isSame(each, last));
      if (survivors.length > 0) killFamily(record.pid, survivors, 'SIGKILL');
    }
    for (const record of records) this.remove(record.name);
    return left.map((record) => record.name);
  }

  #read(): PidRecord[] {
    let names: string[];
    try {
      names = readdirSync(this.#dir).filter((name) => name.endsWith('.json'));
    } catch {
      return [];
    }
    return names.flatMap((name) => {
      try {
        return [v.parse(recordSchema, JSON.parse(readFileSync(join(this.#dir, name), 'utf8')))];
      } catch (error) {
        this.#logger.warn({ err: error, file: name }, 'ignoring a damaged pid file');
        return [];
      }
    });
  }

  #path(name: string): string {
    return join(this.#dir, `${name}.json`);
  }
}

function isAlive(record: PidRecord, table: readonly ProcStat[]): boolean {
  if (record.bootId !== bootId()) return false;
  const leader = table.find((each) => each.pid === record.pid);
  if (leader) return leader.startTicks === record.startTicks && !leader.zombie;
  // No process gets a pid that is still the id of a group: a group without its leader, of members that are not older
  // than the leader was, is the one that it left behind.
  return table.some(
    (each) => each.pgrp === record.pid && each.startTicks >= record.startTicks && !each.zombie,
  );
}

function isSame(stat: ProcStat, table: readonly ProcStat[]): boolean {
  return table.some((each) => each.pid === stat.pid && each.startTicks === stat.startTicks && !each.zombie);
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
