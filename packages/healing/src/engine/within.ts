import type { Clock } from '@prunella/metrics';

export class TimeoutError extends Error {
  override name = 'TimeoutError';
}

/** The promise's result, or a TimeoutError after `timeout` ms; the promise itself is left to its fate. */
export function within<T>(
  promise: Promise<T>,
  timeout: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', aborted);
    };
    const fail = (message: string) => (): void => {
      end();
      reject(new TimeoutError(message));
    };
    const aborted = fail('interrupted');
    const timer = clock.setTimeout(fail(`no answer within ${timeout / 1000} s`), timeout);
    signal?.addEventListener('abort', aborted, { once: true });
    promise.finally(end).then(resolve, reject);
  });
}
