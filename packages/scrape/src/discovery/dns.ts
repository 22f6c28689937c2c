import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { Labels } from '@prunella/metrics';
import type { DnsDiscoveryConfig } from '../config/discovery.ts';
import type { DiscoveryMetrics } from '../metrics.ts';
import type { DiscoveryListener } from './discovery.ts';
import { RefreshingDiscovery, type RefreshOptions } from './refresh.ts';

/** The look-ups that are needed: node:dns's Resolver, or a stand-in. */
export type DnsResolver = Pick<
  Resolver,
  'resolve4' | 'resolve6' | 'resolveMx' | 'resolveNs' | 'resolveSrv' | 'cancel'
>;

/** What a name stands for, per record. */
interface DnsRecord {
  readonly host: string;
  readonly port: number;
  readonly meta: Readonly<Record<string, string>>;
}

/** Targets by DNS: one per record of each name. */
export class DnsDiscovery extends RefreshingDiscovery {
  readonly #config: DnsDiscoveryConfig;
  readonly #metrics: DiscoveryMetrics;
  readonly #resolver: DnsResolver;

  constructor(
    config: DnsDiscoveryConfig,
    options: Omit<RefreshOptions, 'interval'>,
    metrics: DiscoveryMetrics,
    resolver: DnsResolver = new Resolver({ timeout: 5000, tries: 2 }),
  ) {
    super({ ...options, interval: config.refresh_interval });
    this.#config = config;
    this.#metrics = metrics;
    this.#resolver = resolver;
  }

  override async stop(): Promise<void> {
    this.#resolver.cancel();
    await super.stop();
  }

  protected async refresh(listener: DiscoveryListener, signal: AbortSignal): Promise<void> {
    const lookUp = async (name: string): Promise<void> => {
      this.#metrics.dnsLookups.inc();
      try {
        const records = await this.#records(name);
        if (!signal.aborted)
          listener({ source: name, targets: records.map((record) => toTarget(name, record)) });
      } catch (error) {
        if (signal.aborted) return;
        this.#metrics.dnsFailures.inc();
        this.logger.warn({ name, error: (error as Error).message }, 'DNS discovery failed');
      }
    };
    await Promise.all(this.#config.names.map(lookUp));
  }

  async #records(name: string): Promise<DnsRecord[]> {
    const { port, type } = this.#config;
    const resolver = this.#resolver;
    switch (type) {
      case 'SRV':
        return (await resolver.resolveSrv(name)).map((srv) => ({
          host: trimDot(srv.name),
          port: srv.port,
          meta: {
            __meta_dns_srv_record_target: `${trimDot(srv.name)}.`,
            __meta_dns_srv_record_port: String(srv.port),
          },
        }));
      case 'A':
        return (await resolver.resolve4(name)).map((host) => ({ host, port, meta: {} }));
      case 'AAAA':
        return (await resolver.resolve6(name)).map((host) => ({ host, port, meta: {} }));
      case 'MX':
        return (await resolver.resolveMx(name)).map(({ exchange }) => ({
          host: trimDot(exchange),
          port,
          meta: { __meta_dns_mx_record_target: `${trimDot(exchange)}.` },
        }));
      case 'NS':
        return (await resolver.resolveNs(name)).map((host) => ({
          host: trimDot(host),
          port,
          meta: { __meta_dns_ns_record_target: `${trimDot(host)}.` },
        }));
    }
  }
}

function trimDot(name: string): string {
  return name.replace(/\.$/, '');
}

function toTarget(name: string, { host, port, meta }: DnsRecord): Labels {
  const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return Labels.from({ __address__: address, __meta_dns_name: name, ...meta });
}
