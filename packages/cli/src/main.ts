import { ConfigError } from '@prunella/metrics/config';
import type { Command, Io } from './command.ts';
import { commandNames, loadCommand } from './commands.ts';
import { EnvironmentError } from './errors.ts';
import { UsageError } from './flags.ts';
import { version } from './version.ts';

/** Whoever asks again after this long means "at once". */
const INSISTING_MS = 1000;

/** Runs the command line and leaves the exit code in `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  const stop = new AbortController();
  let firstSignalAt = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // npm and timeout(1) pass on a signal that the terminal has sent to us as well: the same request, not a second one.
      if (stop.signal.aborted && performance.now() - firstSignalAt > INSISTING_MS) process.exit(130);
      if (stop.signal.aborted) return;
      firstSignalAt = performance.now();
      stop.abort(name);
    });
  }
  const io: Io = {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    env: process.env,
    signal: stop.signal,
  };
  process.exitCode = await run(argv, io);
  // A command that has returned has nothing left to wait for; a stray handle must not keep the shell hanging.
  setTimeout(() => process.exit(), 500).unref();
}

/** Runs one command. Never throws for bad input: that is one line on `io.err` and exit code 1 or 2. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  if (argv[0] === '--version' || argv[0] === 'version') {
    io.out(`prunella ${version}`);
    return 0;
  }
  const found = commandNames.find((name) => name.split(' ').every((word, i) => argv[i] === word));
  if (found === undefined) return printCommands(argv, io);
  const command = await loadCommand(found);
  const args = argv.slice(found.split(' ').length);
  if (args.includes('--help') || args.includes('-h')) {
    io.out(`prunella ${command.name}: ${command.summary}\n\n${command.help}`);
    return 0;
  }
  return runCommand(command, args, io);
}

async function runCommand(command: Command, args: readonly string[], io: Io): Promise<number> {
  try {
    return await command.run(args, io);
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`prunella ${command.name}: ${error.message} (see prunella ${command.name} --help)`);
      return 2;
    }
    if (error instanceof ConfigError || error instanceof EnvironmentError) {
      for (const line of error.message.split('\n')) io.err(`prunella: ${line}`);
      return 1;
    }
    throw error;
  }
}

async function printCommands(argv: readonly string[], io: Io): Promise<number> {
  const asked = argv.length === 0 || argv[0] === '--help' || argv[0] === '-h' || argv[0] === 'help';
  const print = asked ? io.out : io.err;
  if (!asked) print(`prunella: no command "${argv.join(' ')}"`);
  print('usage: prunella COMMAND [FLAGS]\n');
  for (const name of commandNames) {
    const command = await loadCommand(name);
    print(`  ${name.padEnd(22)} ${command.summary}`);
  }
  print('\nprunella COMMAND --help says more.');
  return asked ? 0 : 2;
}
