import { once } from 'node:events';
import { LockedError } from '@prunella/tsdb';
import type { Io } from '../command.ts';
import { createLogger, LOG_LEVELS } from '../logging.ts';
import { EnvironmentError } from '../errors.ts';
import { UsageError } from '../flags.ts';
import { version } from '../version.ts';
import type { ServeFlags } from './flags.ts';
import { checkoutRoot } from './checkout.ts';
import { Prunella, type PrunellaOptions } from './prunella.ts';

/** Runs until it is told to end. @returns the exit code */
export async function runPrunella(
  flags: ServeFlags,
  io: Io,
  options: Pick<PrunellaOptions, 'demo'> & { readonly started: (url: string) => void },
): Promise<number> {
  const level = flags['log.level'];
  if (!(LOG_LEVELS as readonly string[]).includes(level))
    throw new UsageError(`--log.level: expected one of ${LOG_LEVELS.join(', ')}`);
  const logger = createLogger(level, flags['log.format'] === 'json' ? 'json' : 'logfmt', io.err);
  const quit = new AbortController();
  const prunella = await start({
    flags,
    env: io.env,
    logger,
    version,
    quit: () => quit.abort(),
    pages: `${checkoutRoot()}/packages/ui/dist`,
    ...(options.demo && { demo: options.demo }),
  });
  const onHangUp = (): void => void prunella.reload().catch(() => {});
  process.on('SIGHUP', onHangUp);
  // Timers do not keep the process alive, and neither must it end because nothing else happens.
  const alive = setInterval(() => {}, 1 << 30);
  options.started(prunella.url);
  const stop = AbortSignal.any([io.signal, quit.signal]);
  if (!stop.aborted) await once(stop, 'abort');
  clearInterval(alive);
  process.off('SIGHUP', onHangUp);
  await prunella.stop();
  return 0;
}

async function start(options: PrunellaOptions): Promise<Prunella> {
  try {
    return await Prunella.start(options);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const address = options.flags['web.listen-address'];
    if (code === 'EADDRINUSE') {
      throw new EnvironmentError(
        `${address} is in use: stop what listens there, or choose another with --web.listen-address`,
      );
    }
    if (
      code === 'EACCES' ||
      code === 'EADDRNOTAVAIL' ||
      code === 'EPERM' ||
      code === 'EROFS' ||
      code === 'ENOSPC' ||
      error instanceof LockedError
    ) {
      throw new EnvironmentError(message);
    }
    throw error;
  }
}
