import { readProcessTable, readStatSync, type ProcStat } from './proc.ts';

/**
 * Sends a signal to the group that `leader` leads and to the family's members outside of it. What is gone already is no
 * error, and a pid that names another process by now is left alone.
 */
export function killFamily(leader: number, family: readonly ProcStat[], signal: NodeJS.Signals): void {
  send(-leader, signal);
  for (const each of family) {
    if (each.pgrp !== leader && readStatSync(each.pid)?.startTicks === each.startTicks)
      send(each.pid, signal);
  }
}

/** @returns false when there is nobody of that id, or nobody of ours; a negative one names a process group */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // macOS says EPERM of a group of zombies.
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

/** Whether anything of a process group still runs. Zombies, which nobody may ever reap in a container, do not. */
export async function isGroupAlive(leader: number): Promise<boolean> {
  if (!send(-leader, 0)) return false;
  const table = await readProcessTable();
  return table.length === 0 || table.some((each) => each.pgrp === leader && !each.zombie);
}
