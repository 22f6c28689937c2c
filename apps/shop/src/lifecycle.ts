import { SettingsError } from './settings.ts';

/** A process that cannot end tidily in this time ends anyway. */
const STOP_TIMEOUT_MS = 1500;

/**
 * Runs a program until SIGTERM, SIGINT, or, under a supervisor, until the supervisor is gone: it holds the other end
 * of stdin, so a closed stdin means that nobody would ever stop us.
 * @param start gives what ends the program tidily
 */
export async function run(
  name: string,
  start: (log: (message: string) => void) => Promise<() => Promise<void>>,
  stopTimeoutMs: number = STOP_TIMEOUT_MS,
): Promise<void> {
  const log = (message: string): void => {
    process.stdout.write(`${new Date().toISOString()} ${name}: ${message}\n`);
  };
  process.stdout.on('error', () => {}); // the reader of our log may be gone before us
  setInterval(() => {}, 2 ** 30); // waiting for a signal alone does not keep a process alive
  let stop: (() => Promise<void>) | undefined;
  let stopping = false;
  const end = (reason: string): void => {
    if (stopping) return;
    stopping = true;
    log(`stopping (${reason})`);
    setTimeout(() => process.exit(0), stopTimeoutMs).unref();
    void (stop?.() ?? Promise.resolve()).catch(() => {}).then(() => process.exit(0));
  };
  process.once('SIGTERM', () => end('SIGTERM'));
  process.once('SIGINT', () => end('SIGINT'));
  if (process.env['PRUNELLA_SUPERVISED'] === '1') {
    process.stdin
      .on('end', () => end('the supervisor is gone'))
      .on('error', () => {})
      .resume();
  }
  try {
    stop = await start(log);
  } catch (error) {
    if (stopping) return;
    // Input and environment are a person's to mend: one line. Anything else is a bug and shows its stack.
    const known = error instanceof SettingsError || isSystemError(error);
    process.stderr.write(`${name}: ${known ? error.message : ((error as Error).stack ?? String(error))}\n`);
    process.exit(1);
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
