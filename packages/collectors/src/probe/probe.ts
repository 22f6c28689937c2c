import type { Clock, Logger } from '@prunella/metrics';
import { Exposition } from '../exposition.ts';
import type { ProbeModule } from './config.ts';
import { probeHttp } from './http.ts';
import { probeTcp } from './tcp.ts';

/** blackbox_exporter's default for modules without a timeout of their own. */
const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * Probes a target once and tells what happened as an exposition. A failed probe is `probe_success 0`, not an error.
 * @param timeoutMs the scraper's patience; the module's own timeout counts when it is shorter
 */
export async function probe(
  module: ProbeModule,
  target: string,
  { clock, logger, timeoutMs = DEFAULT_TIMEOUT_MS }: { clock: Clock; logger: Logger; timeoutMs?: number },
): Promise<string> {
  const out = new Exposition();
  const started = performance.now();
  const abort = new AbortController();
  const timer = clock.setTimeout(
    () => abort.abort(),
    Math.min(module.timeout ?? DEFAULT_TIMEOUT_MS, timeoutMs),
  );
  let success = false;
  try {
    success =
      module.prober === 'http'
        ? await probeHttp(target, module.http, abort.signal, out)
        : await probeTcp(target, module.tcp, abort.signal, out);
  } catch (error) {
    const reason = abort.signal.aborted ? 'timed out' : (error as Error).message;
    logger.debug({ target, prober: module.prober, reason }, 'probe failed');
  } finally {
    timer.cancel();
  }
  out.gauge('probe_duration_seconds', 'How long the probe took.', (performance.now() - started) / 1000);
  out.gauge('probe_success', '1 when the probe passed all its conditions.', success ? 1 : 0);
  return out.toString();
}
