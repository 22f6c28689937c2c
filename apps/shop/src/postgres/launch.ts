import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Who a server process runs as, when that is not us. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

const SETPRIV = '/usr/bin/setpriv';

/**
 * PostgreSQL refuses to run as root, so root runs it as the data directory's owner, as `postgres`, or as `nobody`.
 * @returns undefined when we are nobody special
 */
export function accountFor(dataDir: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const { uid, gid } = statSync(dataDir);
    if (uid !== 0) return { uid, gid };
  } catch {
    // not made yet
  }
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const found = accounts.find(([known]) => known === name);
    if (found) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
}

/**
 * Starts a program of PostgreSQL's. On Linux `setpriv` makes the kernel stop it when we die, however we die, and lets
 * it into folders that its account may not enter, such as a clone below root's home.
 */
export function launch(
  program: string,
  args: readonly string[],
  options: { readonly account: Account | undefined; readonly paths: readonly string[] },
): ChildProcess {
  const { account, paths } = options;
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  if (!hasSetpriv()) return spawn(program, args, { stdio: [...stdio], env, cwd: '/', ...account });
  const flags = ['--pdeathsig', 'INT'];
  if (account) {
    flags.push('--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups');
    if (![program, ...paths].every(isOpenToAll)) {
      flags.push('--inh-caps', '+dac_override', '--ambient-caps', '+dac_override');
    }
  }
  return spawn(SETPRIV, [...flags, '--', program, ...args], { stdio: [...stdio], env, cwd: '/' });
}

function hasSetpriv(): boolean {
  try {
    accessSync(SETPRIV, constants.X_OK);
    return process.platform === 'linux';
  } catch {
    return false;
  }
}

/** Whether everybody may go through all the folders above. */
function isOpenToAll(path: string): boolean {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
  }
  return true;
}
