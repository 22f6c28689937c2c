import { sleep, type Clock } from '@prunella/metrics';
import { DeliveryError, type Deliver, type Notification } from '../receivers/receiver.ts';

export interface Attempt {
  /** ms */
  readonly time: number;
  readonly durationMs: number;
  /** What the remote side said. */
  readonly answer?: string;
  readonly error?: string;
}

export interface RetryOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly onAttempt: (attempt: Attempt) => void;
}

const FIRST_WAIT_MS = 500;
const FACTOR = 1.5;
const LONGEST_WAIT_MS = 60_000;

/**
 * Delivers, trying again with growing, jittered waits until it works, the error is one that will not pass, or the
 * signal says that time is up. @throws Error with the last reason
 */
export async function deliverWithRetries(
  deliver: Deliver,
  notification: Notification,
  options: RetryOptions,
): Promise<void> {
  const { clock, signal } = options;
  let wait = FIRST_WAIT_MS;
  for (let attempts = 1; ; attempts++) {
    const error = await attempt(deliver, notification, options);
    if (!error) return;
    if (!(error instanceof DeliveryError) || !error.retry) throw error;
    if (!signal.aborted) await sleep(clock, wait * (0.5 + options.random()), signal);
    if (signal.aborted)
      throw new Error(`given up after ${attempts} attempts: ${error.message}`, { cause: error });
    wait = Math.min(wait * FACTOR, LONGEST_WAIT_MS);
  }
}

async function attempt(
  deliver: Deliver,
  notification: Notification,
  { clock, signal, onAttempt }: RetryOptions,
): Promise<Error | undefined> {
  const time = clock.now();
  try {
    const answer = await orAborted(deliver(notification, signal), signal);
    onAttempt({ time, durationMs: clock.now() - time, answer });
    return undefined;
  } catch (thrown) {
    const error = thrown as Error;
    onAttempt({ time, durationMs: clock.now() - time, error: error.message });
    return error;
  }
}

/** A receiver that does not heed the signal must not hold its group for ever. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new DeliveryError('timed out', { retry: true }));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
