import type { JsonObject } from '../json.ts';

const upDown = [
  {
    type: 'value',
    options: { '1': { text: 'up', color: 'green', index: 0 }, '0': { text: 'down', color: 'red', index: 1 } },
  },
];
const quiet = { lineWidth: 1.5, showPoints: 'never' };

/** When each thing answered: the probes' view, and that of scrapes. */
export const availability: JsonObject = {
  type: 'state-timeline',
  title: 'Up and down',
  description:
    'Probes of health addresses, and targets by job: an outage begins and ends within one interval of the truth',
  targets: [
    { refId: 'A', expr: 'probe_success', legendFormat: '{{instance}}' },
    { refId: 'B', expr: 'min by (job) (up)', legendFormat: '{{job}}' },
  ],
  fieldConfig: {
    defaults: {
      mappings: upDown,
      custom: {},
      color: { mode: 'thresholds' },
      noValue: 'No probes are configured',
    },
  },
  options: { showValue: 'never', rowHeight: 0.8 },
};

export const responseTime: JsonObject = {
  type: 'timeseries',
  title: 'Response time',
  description: 'How long each probe took, in milliseconds',
  targets: [{ refId: 'A', expr: 'probe_duration_seconds * 1000', legendFormat: '{{instance}}' }],
  fieldConfig: { defaults: { unit: 'ms', min: 0, custom: { ...quiet, fillOpacity: 8 } } },
  options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
};

/** CPU and memory in one chart, two axes. */
export const resources: JsonObject = {
  type: 'timeseries',
  title: 'CPU and memory',
  description: 'Of the watched services: CPU on the left axis, memory on the right',
  targets: [
    {
      refId: 'A',
      expr: 'sum by (name) (rate(container_cpu_usage_seconds_total{name!=""}[$__rate_interval])) * 100',
      legendFormat: '{{name}} CPU',
    },
    {
      refId: 'B',
      expr: 'sum by (name) (container_memory_working_set_bytes{name!=""})',
      legendFormat: '{{name}} memory',
    },
  ],
  fieldConfig: {
    defaults: { unit: 'percent', min: 0, custom: quiet },
    overrides: [
      {
        matcher: { id: 'byFrameRefID', options: 'B' },
        properties: [
          { id: 'unit', value: 'bytes' },
          { id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 4] } },
        ],
      },
    ],
  },
  options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
};

export const servicePanels: readonly JsonObject[] = [availability, responseTime, resources];
