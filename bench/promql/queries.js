// What dashboards and rules ask. `victoria: false` marks what VictoriaMetrics has no data or no function for.
export const QUERIES = [
  { name: 'rate of one job', expr: 'rate(http_requests_total{job="api"}[5m])' },
  { name: 'sum by (job) (rate)', expr: 'sum by (job) (rate(http_requests_total[5m]))' },
  { name: 'sum without', expr: 'sum without (instance, zone) (rate(http_requests_total{code="200"}[2m]))' },
  {
    name: 'classic quantile',
    expr: 'histogram_quantile(0.99, sum by (le, job) (rate(http_request_duration_seconds_bucket[5m])))',
  },
  { name: 'avg_over_time', expr: 'avg_over_time(temperature_celsius[10m])' },
  { name: 'max_over_time 5m', expr: 'max_over_time(queue_depth[5m])' },
  { name: 'max of max_over_time 1h', expr: 'max by (zone) (max_over_time(temperature_celsius[1h]))' },
  { name: 'topk of rate', expr: 'topk(5, rate(http_requests_total[5m]))' },
  { name: 'topk of sums', expr: 'topk(3, sum by (instance) (rate(http_requests_total[5m])))' },
  {
    name: 'error ratio',
    expr: 'sum by (job) (rate(http_requests_total{code="500"}[5m])) / sum by (job) (rate(http_requests_total[5m]))',
  },
  { name: 'up == 0', expr: 'up == 0' },
  { name: 'absent', expr: 'absent(up{job="nothing"})' },
  {
    name: 'label_replace',
    expr: 'label_replace(node_load1, "host", "$1", "instance", "([^:]+):.*")',
  },
  { name: 'count by', expr: 'count by (job, zone) (up)' },
  {
    name: 'subquery',
    expr: 'max_over_time(sum by (job) (rate(http_requests_total{code="500"}[5m]))[1h:1m])',
  },
  { name: 'predict_linear', expr: 'predict_linear(node_filesystem_avail_bytes[1h], 4 * 3600) < 0' },
  { name: 'quantile_over_time', expr: 'quantile_over_time(0.95, queue_depth[10m])' },
  {
    name: 'group_left join',
    expr: 'sum by (instance, version) (rate(node_cpu_seconds_total{mode!="idle"}[5m]) * on (instance) group_left (version) node_info)',
  },
  {
    name: 'offset comparison',
    expr: 'sum by (job) (rate(http_requests_total[5m])) / sum by (job) (rate(http_requests_total[5m] offset 1h))',
  },
  { name: '@ end()', expr: 'sum by (job) (queue_depth) - sum by (job) (queue_depth @ end())' },
  {
    name: 'regex of thousands',
    expr: 'sum by (handler) (rate(http_requests_total{handler=~"/api/v1/h[0-7]",code!~"5.."}[5m]))',
  },
  { name: 'deriv', expr: 'deriv(process_resident_memory_bytes[15m])' },
  { name: 'increase', expr: 'sum by (handler) (increase(http_request_duration_seconds_count[1h]))' },
  { name: 'changes', expr: 'changes(up[15m]) > 2' },
  { name: 'stddev', expr: 'stddev by (job) (node_load1)' },
  {
    name: 'cpu busy',
    expr: '100 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100',
  },
  {
    name: 'memory used',
    expr: '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes',
  },
  {
    name: 'native quantile',
    expr: 'histogram_quantile(0.9, sum by (method) (rate(rpc_duration_seconds[5m])))',
    victoria: false,
  },
  { name: 'all of it', expr: 'count({__name__=~".+"})' },
];

/** Compared with Prometheus's answers, too, but not measured. */
export const ALSO_COMPARED = [
  { name: 'native histograms', expr: 'sum by (method) (rate(rpc_duration_seconds[5m]))' },
  { name: 'raw native histograms', expr: 'rpc_duration_seconds{method="M1"}' },
];

/** How Grafana asks: an instant, and ranges of about 200 to 360 steps. In s. */
export const SHAPES = [
  { name: 'instant' },
  { name: '1 h', range: 3600, step: 15 },
  { name: '6 h', range: 6 * 3600, step: 60 },
  { name: '12 h', range: 12 * 3600 - 3600, step: 120 },
];
