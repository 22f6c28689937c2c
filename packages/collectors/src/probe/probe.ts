import type { Clock, Logger } from '@prunella/metrics';
import { Exposition } from '../exposition.ts';
import type { ProbeModule } from './config.ts';
import { probeDns } from './dns.ts';
import { probeHttp } from './http.ts';
import { probeIcmp } from './icmp.ts';
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
    success = await runProber(module, target, abort.signal, out);
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

async function runProber(
  module: ProbeModule,
  target: string,
  signal: AbortSignal,
  out: Exposition,
): Promise<boolean> {
  switch (module.prober) {
    case 'http':
      return probeHttp(target, module.http, signal, out);
    case 'tcp':
      return probeTcp(target, module.tcp, signal, out);
    case 'icmp':
      return probeIcmp(target, module.icmp, signal, out);
    case 'dns':
      if (!module.dns) throw new Error('the dns prober needs query_name');
      return probeDns(target, module.dns, signal, out);
  }
}
