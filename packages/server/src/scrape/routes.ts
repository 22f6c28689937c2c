/** Prometheus's API about targets: `/api/v1/targets`, `/api/v1/targets/metadata`, `/api/v1/scrape_pools`. */
import { isIP } from 'node:net';
import { formatDuration, type Matcher } from '@prunella/metrics';
import type { ActiveTarget, Targets } from '@prunella/scrape';
import type { FastifyInstance } from 'fastify';

export interface ScrapeParts {
  readonly targets: () => Targets;
  /** Names of the jobs. */
  readonly pools: () => readonly string[];
  /** Reads a series selector. @throws Error */
  readonly parseMatchers: (selector: string) => readonly Matcher[];
  /** What takes the place of the loopback address in links for people. */
  readonly externalHost?: string;
}

interface TargetsQuery {
  state?: string;
  scrapePool?: string;
}

interface MetadataQuery {
  match_target?: string;
  metric?: string;
  limit?: string;
}

/** As Go prints the time that was never set. */
const NEVER = '0001-01-01T00:00:00Z';

export function scrapeRoutes(app: FastifyInstance, parts: ScrapeParts): void {
  app.get<{ Querystring: TargetsQuery }>('/api/v1/targets', ({ query }) => {
    const state = query.state?.toLowerCase() || 'any';
    const { active, dropped, droppedCounts } = parts.targets();
    const inPool = ({ pool }: { pool: string }): boolean => !query.scrapePool || pool === query.scrapePool;
    const showDropped = state === 'any' || state === 'dropped';
    const showActive = state === 'any' || state === 'active';
    return success({
      activeTargets: showActive
        ? active.filter(inPool).map((target) => describe(target, parts.externalHost))
        : [],
      droppedTargets: showDropped
        ? dropped
            .filter(inPool)
            .map(({ discovered, pool }) => ({ discoveredLabels: discovered, scrapePool: pool }))
        : [],
      droppedTargetCounts: showDropped ? droppedCounts : null,
    });
  });

  app.get('/api/v1/scrape_pools', () => success({ scrapePools: parts.pools() }));

  app.get<{ Querystring: MetadataQuery }>('/api/v1/targets/metadata', async ({ query }, reply) => {
    const limit = query.limit === undefined || query.limit === '' ? -1 : Number(query.limit);
    if (!Number.isInteger(limit)) return reply.code(400).send(badData('limit must be a number'));
    let matchers: readonly Matcher[];
    try {
      matchers = query.match_target ? parts.parseMatchers(query.match_target) : [];
    } catch (error) {
      return reply.code(400).send(badData((error as Error).message));
    }
    const found = targetMetadata(parts.targets().active, matchers, query.metric ?? '');
    if (found.length === 0)
      return reply
        .code(404)
        .send({ status: 'error', errorType: 'not_found', error: 'specified metadata not found' });
    return success(limit >= 0 ? found.slice(0, limit) : found);
  });
}

function success(data: unknown): object {
  return { status: 'success', data };
}

function badData(error: string): object {
  return { status: 'error', errorType: 'bad_data', error };
}

function describe(target: ActiveTarget, externalHost: string | undefined): object {
  return {
    discoveredLabels: target.discovered,
    labels: target.labels,
    scrapePool: target.pool,
    scrapeUrl: target.url,
    globalUrl: globalUrl(target.url, externalHost),
    lastError: target.lastError,
    lastScrape: target.lastScrape === undefined ? NEVER : new Date(target.lastScrape).toISOString(),
    lastScrapeDuration: target.lastDuration / 1000,
    health: target.health,
    scrapeInterval: formatDuration(target.interval),
    scrapeTimeout: formatDuration(target.timeout),
  };
}

/** The target's address for somebody on another machine. */
function globalUrl(text: string, externalHost: string | undefined): string {
  if (externalHost === undefined || !URL.canParse(text)) return text;
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const loopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (!loopback) return text;
  url.hostname = externalHost;
  return url.href;
}

function targetMetadata(
  active: readonly ActiveTarget[],
  matchers: readonly Matcher[],
  metric: string,
): object[] {
  return active
    .filter(({ labels }) => matchers.every((matcher) => matcher.matchesLabels(labels)))
    .flatMap(({ labels, metadata }) => {
      const families = metric === '' ? [...metadata] : [...metadata].filter(([name]) => name === metric);
      return families.map(([name, { type, help, unit }]) => ({
        target: labels,
        ...(metric === '' && { metric: name }),
        type,
        help,
        unit,
      }));
    });
}
