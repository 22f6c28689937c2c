// How long /-/healthy takes while a heavy query runs beside it.
import { ask, queryPath, sleep } from './engines.js';

/** Queries that keep the engine busy for long, each its own way. */
function heavyQueries(end, hours) {
  const range = { start: end - (hours - 1) * 3600, end, step: 15 };
  const instant = { time: end };
  return [
    {
      name: 'sum of the rates of everything',
      expr: 'sum(rate({__name__=~".+_total|.+_bucket"}[5m]))',
      times: range,
    },
    {
      name: 'subquery over all counters',
      expr: 'sum(max_over_time(rate({__name__=~".+_total"}[5m])[6h:1m]))',
      times: instant,
    },
    { name: 'answer of 100 MB', expr: '{__name__=~"http.+"}', times: { ...range, step: 30 } },
    { name: 'topk over 5,000 series', expr: 'topk(5, {__name__=~".+"})', times: { ...range, step: 30 } },
    { name: 'sort of everything', expr: 'sort_desc({__name__=~".+"})', times: instant },
    {
      name: 'join of many',
      expr: 'rate(http_requests_total[5m]) / on (instance, handler, code) rate(http_requests_total[10m])',
      times: { ...range, step: 30 },
    },
    {
      name: 'quantiles of buckets',
      expr: 'histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))',
      times: range,
    },
    {
      name: 'long windows',
      expr: 'quantile_over_time(0.9, node_cpu_seconds_total[1h])',
      times: { ...range, step: 60 },
    },
    {
      name: 'native histograms',
      expr: 'sum by (method) (rate(rpc_duration_seconds[10m]))',
      times: { ...range, step: 60 },
    },
    { name: 'raw samples', expr: '{__name__=~"http.+"}[11h]', times: instant },
  ];
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

export async function measureLatency({ url }, end, hours) {
  console.log(
    '/-/healthy while a heavy query runs, ms'.padEnd(48) +
      ['query', 'p50', 'p99', 'max'].map((each) => each.padStart(10)).join(''),
  );
  for (const { name, expr, times } of [{ name: 'nothing' }, ...heavyQueries(end, hours)]) {
    let done = false;
    const query = (
      expr
        ? ask(url, queryPath(expr, times, { nocache: '1' }))
        : sleep(1000).then(() => ({ ms: 0, status: 200 }))
    ).finally(() => (done = true));
    const seen = [];
    while (!done) {
      seen.push((await ask(url, '/-/healthy')).ms);
      await sleep(2);
    }
    const { ms, status, body } = await query;
    seen.sort((a, b) => a - b);
    const figures = [ms, at(seen, 0.5), at(seen, 0.99), seen.at(-1)]
      .map((each) => each.toFixed(1).padStart(10))
      .join('');
    console.log(
      `${name.padEnd(48)}${figures}${status === 200 ? '' : `  ${status} ${String(body).slice(0, 100)}`}`,
    );
  }
}
