import type { JsonObject } from '../json.ts';

interface Signal {
  title: string;
  description: string;
  unit: string;
  targets: [expr: string, legend: string][];
  min?: number;
  max?: number;
  thresholds?: number;
}

/** A small chart in Grafana's own format, so that the page's charts are drawn like everyone else's. */
function chart({ title, description, unit, targets, min = 0, max, thresholds }: Signal): JsonObject {
  return {
    type: 'timeseries',
    title,
    description,
    targets: targets.map(([expr, legendFormat], index) => ({
      refId: String.fromCodePoint(65 + index),
      expr,
      legendFormat,
    })),
    fieldConfig: {
      defaults: {
        unit,
        min,
        max,
        noValue: undefined,
        custom: {
          lineWidth: 1.6,
          fillOpacity: 12,
          gradientMode: 'opacity',
          showPoints: 'never',
          ...(thresholds === undefined ? {} : { thresholdsStyle: { mode: 'line' } }),
        },
        ...(thresholds === undefined
          ? {}
          : {
              thresholds: {
                mode: 'absolute',
                steps: [
                  { value: null, color: 'transparent' },
                  { value: thresholds, color: 'red' },
                ],
              },
            }),
      },
      overrides: [],
    },
    options: {
      legend: { showLegend: true, displayMode: 'list', placement: 'bottom' },
      tooltip: { mode: 'multi' },
    },
  };
}

/** Request rate, errors, latency and saturation of the shop. */
export const goldenSignals: readonly JsonObject[] = [
  chart({
    title: 'Requests',
    description: 'Requests per second, by endpoint',
    unit: 'reqps',
    targets: [['sum by (endpoint) (rate(http_requests_total[$__rate_interval]))', '{{endpoint}}']],
  }),
  chart({
    title: 'Errors',
    description: 'Share of answers with a 5xx status',
    unit: 'percentunit',
    targets: [
      [
        '(sum(rate(http_requests_total{status_code=~"5.."}[$__rate_interval])) or vector(0)) / sum(rate(http_requests_total[$__rate_interval]))',
        'errors',
      ],
    ],
    thresholds: 0.05,
  }),
  chart({
    title: 'Latency',
    description: 'Median and 95th percentile; the line is the alert’s threshold of 200 ms',
    unit: 's',
    targets: [
      [
        'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[$__rate_interval])))',
        'p95',
      ],
      [
        'histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket[$__rate_interval])))',
        'p50',
      ],
    ],
    thresholds: 0.2,
  }),
  chart({
    title: 'Saturation',
    description: 'CPU of each watched process, as a share of one core',
    unit: 'percentunit',
    targets: [['sum by (job) (rate(process_cpu_seconds_total[$__rate_interval]))', '{{job}}']],
  }),
];

/** What any host has. */
export const hostSignals: readonly JsonObject[] = [
  chart({
    title: 'CPU',
    description: 'Share of time that is not idle',
    unit: 'percentunit',
    max: 1,
    targets: [
      ['1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval]))', '{{instance}}'],
    ],
  }),
  chart({
    title: 'Memory',
    description: 'Share that is not available',
    unit: 'percentunit',
    max: 1,
    targets: [['1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes', '{{instance}}']],
  }),
  chart({
    title: 'Targets up',
    description: 'By job',
    unit: 'short',
    targets: [['sum by (job) (up)', '{{job}}']],
  }),
  chart({
    title: 'Scrape duration',
    description: 'The slowest target of each job',
    unit: 's',
    targets: [['max by (job) (scrape_duration_seconds)', '{{job}}']],
  }),
];
