// Made-up series: which labels and which shape an expression's answer has is guessed from its text.
const metrics = {
  up: ['job', 'instance'],
  probe_success: ['job', 'instance'],
  probe_duration_seconds: ['job', 'instance'],
  http_requests_total: ['endpoint', 'method', 'status_code', 'instance', 'job'],
  http_request_duration_seconds_bucket: ['endpoint', 'method', 'le', 'instance', 'job'],
  flask_http_request_duration_seconds_bucket: ['le', 'path', 'status'],
  flask_http_request_duration_seconds_count: ['path', 'status'],
  flask_http_request_exceptions_total: ['method', 'status'],
  process_cpu_seconds_total: ['job', 'instance'],
  process_resident_memory_bytes: ['job', 'instance'],
  node_cpu_seconds_total: ['cpu', 'mode', 'instance', 'job'],
  node_memory_MemTotal_bytes: ['instance', 'job'],
  node_memory_MemAvailable_bytes: ['instance', 'job'],
  node_filesystem_size_bytes: ['mountpoint', 'device', 'instance'],
  node_filesystem_avail_bytes: ['mountpoint', 'device', 'instance'],
  node_network_receive_bytes_total: ['device', 'instance'],
  node_load1: ['instance'],
  container_cpu_usage_seconds_total: ['name', 'id'],
  container_memory_working_set_bytes: ['name', 'id'],
  container_last_seen: ['name'],
  pg_up: ['instance'],
  pg_stat_activity_count: ['datname', 'state'],
  pg_stat_database_xact_commit: ['datname'],
  ALERTS: ['alertname', 'alertstate', 'severity'],
};
export const metricNames = Object.keys(metrics).sort();

const values = {
  job: ['prunella', 'node', 'shop', 'worker', 'postgres'],
  instance: ['127.0.0.1:8000', '127.0.0.1:9090'],
  endpoint: ['/', '/data', '/products', '/transactions'],
  path: ['/', '/products', '/transactions'],
  method: ['GET', 'POST'],
  status_code: ['200', '404', '500'],
  status: ['200', '500'],
  le: ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '+Inf'],
  cpu: ['0', '1'],
  mode: ['user', 'system', 'iowait', 'idle', 'steal', 'nice', 'irq', 'softirq'],
  mountpoint: ['/', '/boot', '/data'],
  device: ['eth0', 'lo'],
  name: ['shop-api', 'worker-1', 'worker-2', 'postgres'],
  service: ['api', 'worker', 'postgres'],
  id: ['/shop'],
  datname: ['shop', 'postgres'],
  state: ['active', 'idle', 'idle in transaction'],
  alertname: ['APIHighLatency', 'CPUHigh'],
  alertstate: ['firing', 'pending'],
  severity: ['critical', 'warning'],
  nodename: ['vm1', 'vm2'],
};

function hash(text) {
  let out = 2166136261;
  for (let index = 0; index < text.length; index++)
    out = Math.imul(out ^ text.charCodeAt(index), 16777619) >>> 0;
  return out;
}

function labelSets(expr) {
  const by = [...expr.matchAll(/\bby\s*\(([^)]*)\)/g)].at(-1)?.[1];
  const metric =
    metricNames.find((name) => expr.includes(name)) ??
    /[a-z_][\w:]{5,}/.exec(
      expr.replace(/\b(sum|avg|rate|irate|increase|max|min|histogram_quantile|count|by|without)\b/g, ''),
    )?.[0] ??
    '';
  const aggregated =
    /^\s*(sum|avg|max|min|count|scalar|histogram_quantile|quantile|topk|time|vector|100|\()/.test(expr) &&
    !/topk|^\s*\(?\s*rate/.test(expr);
  let names =
    by === undefined
      ? aggregated
        ? []
        : (metrics[metric] ?? ['instance', 'job'])
      : by.split(',').map((name) => name.trim());
  if (/histogram_quantile/.test(expr)) names = names.filter((name) => name !== 'le');
  const fixed = Object.fromEntries(
    [...expr.matchAll(/(\w+)="([^"$]*)"/g)].map((found) => [found[1], found[2]]),
  );
  let sets = [{}];
  for (const name of names.filter((name) => name !== '')) {
    const options = fixed[name] === undefined ? (values[name] ?? ['a', 'b']) : [fixed[name]];
    sets = sets.flatMap((set) => options.map((value) => ({ ...set, [name]: value }))).slice(0, 16);
  }
  const named = !aggregated && by === undefined && !/\(/.test(expr) && metric !== '';
  return sets.map((set) => (named ? { __name__: metric, ...set } : set));
}

function shape(expr) {
  if (/^\s*(up|probe_success|pg_up|container_last_seen|mongodb_up)\b/.test(expr))
    return { base: 1, swing: 0, binary: true };
  if (/histogram_quantile|duration_seconds|latency/.test(expr))
    return /\* *1000/.test(expr) ? { base: 80, swing: 60 } : { base: 0.08, swing: 0.06 };
  if (/100 *[*-]|\* *100/.test(expr)) return { base: 38, swing: 22 };
  if (/bytes_total|network/.test(expr)) return { base: 250e3, swing: 200e3 };
  if (/bytes/.test(expr)) return { base: 280e6, swing: 60e6 };
  if (/cpu_seconds|cpu/.test(expr)) return { base: 0.3, swing: 0.2 };
  if (/requests_total|_count/.test(expr)) return { base: 24, swing: 12 };
  if (/exceptions|errors|5\.\./.test(expr)) return { base: 0.2, swing: 0.25 };
  if (/time\(\)|uptime|boot/.test(expr)) return { base: 93_000, swing: 0 };
  return { base: 12, swing: 8 };
}

function valueAt(seed, { base, swing, binary }, time) {
  const t = time / 60_000;
  const phase = (seed % 628) / 100;
  if (binary) return Math.sin(t / 17 + phase) > 0.985 ? 0 : 1;
  const scale = 0.5 + (seed % 100) / 100;
  const noise = ((hash(String(seed) + Math.floor(time / 5000)) % 1000) / 1000 - 0.5) * 0.35;
  return Math.max(
    0,
    scale * (base + swing * (0.6 * Math.sin(t / 9 + phase) + 0.3 * Math.sin(t / 2.3 + phase * 2) + noise)),
  );
}

const series = (expr) =>
  labelSets(expr).map((metric) => ({
    metric,
    seed: hash(expr + JSON.stringify(metric)),
    shape: shape(expr),
  }));
const text = (value) => String(Number(value.toPrecision(6)));

export function instant(expr, time) {
  if (/absent|nothing|mongodb_/.test(expr)) return { resultType: 'vector', result: [] };
  if (/^\s*[\d.]+\s*$/.test(expr)) return { resultType: 'scalar', result: [time / 1000, expr.trim()] };
  return {
    resultType: 'vector',
    result: series(expr).map((one) => ({
      metric: one.metric,
      value: [time / 1000, text(valueAt(one.seed, one.shape, time))],
    })),
  };
}

export function range(expr, start, end, step) {
  if (/absent|nothing|mongodb_/.test(expr)) return { resultType: 'matrix', result: [] };
  const result = series(expr).map((one) => {
    const points = [];
    for (let time = start; time <= end; time += step)
      points.push([time / 1000, text(valueAt(one.seed, one.shape, time))]);
    return { metric: one.metric, values: points };
  });
  return { resultType: 'matrix', result };
}

export function labelNames(match) {
  const names = match.flatMap((selector) => metrics[/^\w+/.exec(selector)?.[0] ?? ''] ?? []);
  return ['__name__', ...(names.length > 0 ? names : Object.keys(values))].sort((a, b) => a.localeCompare(b));
}

export function labelValues(label) {
  return label === '__name__' ? metricNames : (values[label] ?? []);
}
