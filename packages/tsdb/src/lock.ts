import { readFileSync } from 'node:fs';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LockedError, errorCode } from './errors.ts';

/**
 * Keeps two processes off one data directory. Prometheus holds an flock(2) on `lock`, which Node.js cannot take: we
 * write who we are into the file, and look for a foreign flock in /proc/locks where there is one.
 */
export class DirectoryLock {
  readonly path: string;
  /** Whether the last owner left without unlocking: it crashed. */
  readonly afterCrash: boolean;

  private constructor(path: string, afterCrash: boolean) {
    this.path = path;
    this.afterCrash = afterCrash;
  }

  /** @throws LockedError */
  static async acquire(dir: string): Promise<DirectoryLock> {
    const path = join(resolve(dir), 'lock');
    const left = await readFile(path, 'utf8').catch(() => undefined);
    if (left !== undefined) {
      // A directory that was copied while it was in use has a copy of the lock: another file, not a lock.
      const owner = /^(\d+) (\d+) (\d+)\n/.exec(left);
      const { ino } = await stat(path);
      if (owner !== null && owner[3] === String(ino) && isAlive(Number(owner[1]), owner[2]!)) {
        throw new LockedError(`${dir} is in use by process ${owner[1]}`);
      }
      await refuseForeignFlock(path, dir);
      await rm(path, { force: true });
    }
    try {
      const file = await open(path, 'wx');
      const { ino } = await file.stat();
      await file.writeFile(`${process.pid} ${startTimeOf(process.pid)} ${ino}\n`);
      await file.close();
    } catch (error) {
      if (errorCode(error) === 'EEXIST')
        throw new LockedError(`${dir} was locked by another process just now`);
      // A full disk must not keep us from reading; an empty lock file locks as well as it can.
      if (errorCode(error) !== 'ENOSPC') throw error;
    }
    return new DirectoryLock(path, left !== undefined);
  }

  async release(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

function isAlive(pid: number, startTime: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
  }
  // A number may have been given to another process since.
  return startTimeOf(pid) === startTime;
}

/** When a process started, in ticks since boot (field 22 of /proc/PID/stat); '0' where there is no /proc. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
  } catch {
    return '0';
  }
}

async function refuseForeignFlock(path: string, dir: string): Promise<void> {
  const locks = await readFile('/proc/locks', 'utf8').catch(() => '');
  const { ino } = await stat(path);
  const holder = locks.split('\n').find((line) => / FLOCK /.test(line) && line.includes(`:${ino} `));
  if (holder !== undefined) {
    const pid = holder.trim().split(/\s+/)[4];
    throw new LockedError(`${dir} is in use by process ${pid} (Prometheus?)`);
  }
}
