import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { PrometheusConfig } from './config/prometheus.ts';

type Lookup = (host: string) => Promise<unknown>;

/**
 * The hosts that the configuration names and that do not resolve here: mostly a misspelt service name. For
 * `check config`: a host may well be known elsewhere.
 * @returns sentences for people
 */
export async function unresolvedHosts(
  config: PrometheusConfig,
  resolve: Lookup = (host) => lookup(host),
): Promise<string[]> {
  const places = new Map<string, string>();
  for (const job of config.scrape_configs) {
    // Behind relabelling an address may be anything, such as what a blackbox exporter is to probe.
    if (job.relabel_configs.length > 0) continue;
    for (const target of job.static_configs.flatMap(({ targets }) => targets))
      note(places, hostOf(`${job.scheme}://${target}`), `job ${JSON.stringify(job.job_name)}`);
    for (const { url } of job.http_sd_configs)
      note(places, hostOf(url), `http_sd_configs of job ${JSON.stringify(job.job_name)}`);
  }
  for (const { url } of config.remote_write) note(places, hostOf(url), 'remote_write');
  for (const { url } of config.remote_read) note(places, hostOf(url), 'remote_read');
  const checks = [...places].map(async ([host, place]) => {
    const found = await resolve(host).then(
      () => true,
      () => false,
    );
    return found ? [] : [`${place}: the host ${JSON.stringify(host)} does not resolve`];
  });
  return (await Promise.all(checks)).flat();
}

/** Each host once, where it is named first. */
function note(places: Map<string, string>, host: string | undefined, place: string): void {
  if (host !== undefined && !places.has(host)) places.set(host, place);
}

/** undefined for addresses, which need no resolving. */
function hostOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 && host !== '' ? host : undefined;
}
