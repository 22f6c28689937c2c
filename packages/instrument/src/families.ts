import { Counter, Histogram, type Registry } from 'prom-client';
import type { Settings } from './settings.ts';

/** One request that is over, as every family sees it. */
export interface FinishedRequest {
  readonly method: string;
  /** The route's template, never the URL. */
  readonly endpoint: string;
  readonly status: number;
  readonly seconds: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** One convention's metrics; each carries exactly the labels that its convention has, so that no sum counts twice. */
type Family = (request: FinishedRequest) => void;

/** The Python client's defaults, and 0.2 because a threshold that is a bound is exact. */
const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** All HTTP families that `settings.profiles` asks for, fed by one call per request. */
export function httpFamilies(registry: Registry, settings: Settings): Family {
  const families: Family[] = [];
  if (settings.profiles.has('s2')) families.push(appFamily(registry));
  if (settings.profiles.has('s4')) families.push(flaskFamily(registry));
  if (settings.profiles.has('s5')) families.push(httpFamily(registry, settings));
  return (request) => {
    for (const observe of families) observe(request);
  };
}

function appFamily(registry: Registry): Family {
  const requests = new Counter({
    name: 'app_http_requests_total',
    help: 'HTTP requests served, by method and route.',
    labelNames: ['method', 'endpoint'],
    registers: [registry],
  });
  const latency = new Histogram({
    name: 'app_request_latency_seconds',
    help: 'Time from the first byte of a request to the end of its answer, by route.',
    labelNames: ['endpoint'],
    buckets: LATENCY_BUCKETS,
    registers: [registry],
  });
  return ({ method, endpoint, seconds }) => {
    requests.inc({ method, endpoint });
    latency.observe({ endpoint }, seconds);
  };
}

/** Names and labels of prometheus-flask-exporter; `path` holds the route's template, as with its `group_by='url_rule'`. */
function flaskFamily(registry: Registry): Family {
  const duration = new Histogram({
    name: 'flask_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer.',
    labelNames: ['method', 'path', 'status'],
    buckets: LATENCY_BUCKETS,
    registers: [registry],
  });
  const exceptions = new Counter({
    name: 'flask_http_request_exceptions_total',
    help: 'Requests whose handler threw: every framework answers these with 500.',
    labelNames: ['method', 'status'],
    registers: [registry],
  });
  return ({ method, endpoint, status, seconds }) => {
    duration.observe({ method, path: endpoint, status }, seconds);
    // A counter that starts at its first error hides that error from rate(): it has to be there, at 0, before.
    exceptions.inc({ method, status: 500 }, status === 500 ? 1 : 0);
  };
}

function httpFamily(registry: Registry, settings: Settings): Family {
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'HTTP requests served, by method, route and status code.',
    labelNames: ['method', 'endpoint', 'status_code'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer, by method and route.',
    labelNames: ['endpoint', 'method'],
    buckets: [...settings.durationBuckets],
    registers: [registry],
  });
  const size = (what: 'request' | 'response'): Histogram<'endpoint' | 'method'> =>
    new Histogram({
      name: `http_${what}_size_bytes`,
      help: `Size of ${what} bodies.`,
      labelNames: ['endpoint', 'method'],
      buckets: [...settings.sizeBuckets],
      registers: [registry],
    });
  const requestSize = size('request');
  const responseSize = size('response');
  return ({ method, endpoint, status, seconds, requestBytes, responseBytes }) => {
    requests.inc({ method, endpoint, status_code: status });
    if (status !== 500) requests.inc({ method, endpoint, status_code: 500 }, 0); // as for exceptions above
    duration.observe({ endpoint, method }, seconds);
    requestSize.observe({ endpoint, method }, requestBytes);
    responseSize.observe({ endpoint, method }, responseBytes);
  };
}
