// Made-up state of the parts: alerts, silences, workloads, incidents. Times move with the clock.
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const started = Date.now();

export function status() {
  return {
    version: '0.1.0',
    startedAt: new Date(started).toISOString(),
    ready: true,
    demo: true,
    warnings: ['admin/admin is the password of the demo: change it before you bind another address'],
    parts: ['scrape', 'tsdb', 'rules', 'alertmanager', 'healing', 'workloads', 'server'].map((name) => ({
      name,
      state: name === 'workloads' ? 'backoff' : 'running',
      since: ago(4000),
      restarts: name === 'workloads' ? 2 : 0,
      ...(name === 'workloads'
        ? { lastError: 'connect ECONNREFUSED: the Docker socket does not answer' }
        : {}),
    })),
    tryIt: [
      {
        title: 'Make the API slow',
        command: "curl -X POST 'http://127.0.0.1:8000/fault/latency?ms=600&seconds=600'",
      },
      { title: 'Crash the worker', command: "curl -X POST 'http://127.0.0.1:8000/fault/crash'" },
      {
        title: 'Send an alert by hand',
        command: `curl -X POST http://127.0.0.1:9090/alert -H 'content-type: application/json' -d '{"alerts":[{"labels":{"alertname":"APIHighLatency","severity":"critical"}}]}'`,
      },
    ],
  };
}

const expression =
  'histogram_quantile(0.95, sum(rate(flask_http_request_duration_seconds_bucket[5m])) by (le)) > 0.2';

export function rules() {
  const rule = (name, query, severity, state = 'inactive', extra = {}) => ({
    type: 'alerting',
    name,
    query,
    duration: 60,
    keepFiringFor: 0,
    labels: { severity, service: 'api' },
    annotations: { summary: `${name} on api`, description: '95 % of the requests take longer than 200 ms.' },
    state,
    health: 'ok',
    lastEvaluation: ago(3),
    evaluationTime: 0.0012,
    alerts:
      state === 'inactive'
        ? []
        : [
            {
              labels: { alertname: name, severity, service: 'api' },
              annotations: {},
              state,
              activeAt: ago(200),
              value: '4.2e-01',
            },
          ],
    ...extra,
  });
  return [
    {
      name: 'shop',
      file: 'rules/shop.yml',
      interval: 5,
      rules: [
        rule('APIHighLatency', expression, 'critical', 'firing'),
        rule(
          'HighErrorRate',
          'sum(rate(flask_http_request_exceptions_total[5m])) / sum(rate(flask_http_request_duration_seconds_count[5m])) > 0.05',
          'warning',
        ),
        {
          type: 'recording',
          name: 'job:http_requests:rate5m',
          query: 'sum by (job) (rate(http_requests_total[5m]))',
          labels: {},
          health: 'ok',
          lastEvaluation: ago(3),
          evaluationTime: 0.0004,
        },
      ],
    },
    {
      name: 'host',
      file: 'rules/host.yml',
      interval: 15,
      rules: [
        rule('instanceDown', 'up == 0', 'critical'),
        rule(
          'CPUHigh',
          '100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100) > 90',
          'warning',
          'pending',
        ),
        rule('BrokenRule', 'sum(foo) / bar', 'warning', 'inactive', {
          health: 'err',
          lastError: 'many-to-many matching not allowed: matching labels must be unique on one side',
        }),
      ],
    },
  ];
}

const alert = (alertname, severity, extra = {}) => ({
  fingerprint: `${alertname.length}f3a9c0de`,
  labels: { alertname, severity, service: 'api', instance: '127.0.0.1:8000', ...extra.labels },
  annotations: {
    summary: `${alertname} on api`,
    description: extra.description ?? '95 % of the requests take longer than 200 ms, for a minute already.',
  },
  startsAt: ago(260),
  endsAt: ago(-240),
  updatedAt: ago(2),
  generatorURL: `/explore?expr=${encodeURIComponent(expression)}`,
  status: {
    state: extra.state ?? 'active',
    silencedBy: extra.silencedBy ?? [],
    inhibitedBy: [],
    mutedBy: [],
  },
  receivers: [{ name: 'inbox' }, { name: 'ops' }],
});

export function alertGroups() {
  return [
    {
      labels: { alertname: 'APIHighLatency' },
      receiver: { name: 'inbox' },
      alerts: [alert('APIHighLatency', 'critical')],
    },
    {
      labels: { alertname: 'DiskFull' },
      receiver: { name: 'ops' },
      alerts: [
        alert('DiskFull', 'warning', {
          state: 'suppressed',
          silencedBy: ['s1'],
          labels: { mountpoint: '/<b>data</b>' },
          description: '<img src=x onerror=alert(1)> {{ .Labels }} <script>window.hacked = true</script>',
        }),
        alert('DiskFull', 'warning', { labels: { mountpoint: '/' } }),
      ],
    },
  ];
}

export const receivers = [{ name: 'inbox' }, { name: 'ops' }, { name: 'bale' }];

const silenceStore = new Map([
  [
    's1',
    {
      id: 's1',
      status: { state: 'active' },
      matchers: [
        { name: 'alertname', value: 'DiskFull', isRegex: false, isEqual: true },
        { name: 'mountpoint', value: '/.*', isRegex: true, isEqual: true },
      ],
      startsAt: ago(3600),
      endsAt: ago(-7200),
      updatedAt: ago(3600),
      createdBy: 'ada',
      comment: 'The disk is being replaced tonight.',
    },
  ],
  [
    's0',
    {
      id: 's0',
      status: { state: 'expired' },
      matchers: [{ name: 'service', value: 'worker', isRegex: false, isEqual: true }],
      startsAt: ago(90_000),
      endsAt: ago(80_000),
      updatedAt: ago(80_000),
      createdBy: 'grace',
      comment: 'Deployment',
    },
  ],
]);
let nextSilence = 2;
export const silences = {
  list: () => [...silenceStore.values()],
  put(body) {
    const id = body.id || `s${nextSilence++}`;
    silenceStore.set(id, {
      ...body,
      id,
      status: { state: Date.parse(body.startsAt) > Date.now() ? 'pending' : 'active' },
      updatedAt: ago(0),
    });
    return id;
  },
  expire(id) {
    const found = silenceStore.get(id);
    if (found) Object.assign(found, { status: { state: 'expired' }, endsAt: ago(0) });
    return found !== undefined;
  },
};

const workloadStore = ['shop-api', 'worker-1', 'worker-2', 'postgres'].map((name, index) => ({
  name,
  service: name === 'shop-api' ? 'api' : name.replace(/-\d$/, ''),
  kind: name === 'postgres' ? 'container' : 'process',
  state: 'running',
  pid: 4000 + index,
  startedAt: ago(3000 + index * 100),
  restarts: index === 0 ? 1 : 0,
  cpuPercent: 12 + index * 21,
  memoryBytes: 90e6 + index * 40e6,
  ...(index === 0 ? { memoryLimitBytes: 512e6 } : {}),
  ports: index === 0 ? [8000, 8080] : [],
  ...(index === 0
    ? {
        healthUrl: 'http://127.0.0.1:8000/health',
        exit: { time: ago(3010), code: null, signal: 'SIGKILL', expected: false },
      }
    : {}),
}));
workloadStore.push({
  name: 'mailer',
  service: 'mailer',
  kind: 'process',
  state: 'stopped',
  restarts: 0,
  ports: [],
  exit: { time: ago(900), code: 0, signal: null, expected: true },
});
export const workloads = {
  list: () => workloadStore,
  act(name, action) {
    const found = workloadStore.find((workload) => workload.name === name);
    if (found) found.state = action === 'stop' ? 'stopped' : 'running';
  },
};

export function logs(name) {
  return Array.from({ length: 120 }, (_none, index) => ({
    time: ago(600 - index * 5),
    stream: index % 17 === 0 ? 'stderr' : 'stdout',
    text:
      index % 17 === 0
        ? `{"level":"warn","msg":"slow request","ms":${600 + index},"path":"/products?<b>x</b>"}`
        : `{"level":"info","msg":"${name} request","status":200,"ms":${index % 40}}`,
  }));
}

function incident(id, state, minutes, extra = {}) {
  const at = (seconds) => ago(minutes * 60 - seconds);
  return {
    id,
    title: 'APIHighLatency on api',
    alertname: 'APIHighLatency',
    severity: 'critical',
    labels: { alertname: 'APIHighLatency', service: 'api', severity: 'critical' },
    annotations: { summary: 'The shop answers slowly' },
    state,
    runbook: 'restart-slow-api',
    mode: 'auto',
    target: 'api',
    detectedAt: at(0),
    toldAt: at(6),
    actedAt: at(9),
    healedAt: at(74),
    closedAt: at(95),
    outcome: 'healed',
    timeline: [
      { time: at(0), kind: 'detected', text: 'APIHighLatency fired: p95 is 0.62 s' },
      { time: at(6), kind: 'told', text: 'inbox and ops were told' },
      {
        time: at(7),
        kind: 'guard',
        text: 'cooldown has passed; attempt 1 of 3 in 1h; nothing else runs on api',
      },
      {
        time: at(8),
        kind: 'step',
        text: 'kept the last 200 lines of the log and two queries',
        step: { index: 0, kind: 'capture', state: 'done', durationMs: 41 },
      },
      {
        time: at(9),
        kind: 'step',
        text: 'restarted shop-api',
        step: { index: 1, kind: 'restart', state: 'done', durationMs: 1830 },
      },
      {
        time: at(12),
        kind: 'step',
        text: 'waiting until the expression is quiet for 15s',
        step: { index: 2, kind: 'verify', state: 'done', durationMs: 62_000 },
      },
      { time: at(74), kind: 'verified', text: 'the alert’s own expression no longer returns the series' },
      { time: at(95), kind: 'resolved', text: 'the alert resolved' },
      { time: at(95), kind: 'closed', text: 'healed in 1m 35s' },
    ],
    evidence: [
      {
        time: at(8),
        kind: 'log',
        title: 'Last lines of shop-api',
        text: 'GET /products 200 612 ms\nGET /data 200 604 ms\n<script>alert(1)</script>',
      },
      {
        time: at(8),
        kind: 'query',
        title: 'p95 before',
        expr: expression,
        samples: [{ labels: { service: 'api' }, value: 0.62 }],
      },
    ],
    ...extra,
  };
}

export function incidents() {
  return [
    incident('20261121T034000-3', 'healing', 1, {
      outcome: undefined,
      healedAt: undefined,
      closedAt: undefined,
      timeline: incident('x', 'healing', 1).timeline.slice(0, 5),
    }),
    incident('20261121T030000-2', 'awaiting_approval', 12, {
      title: 'WorkerBacklog on worker',
      alertname: 'WorkerBacklog',
      severity: 'warning',
      runbook: 'scale-worker',
      mode: 'approve',
      target: 'worker',
      outcome: undefined,
      actedAt: undefined,
      healedAt: undefined,
      closedAt: undefined,
      timeline: incident('x', 'healing', 12).timeline.slice(0, 3),
    }),
    incident('20261121T020000-1', 'closed', 80),
    incident('20261121T010000-0', 'closed', 300, { outcome: 'escalated', healedAt: undefined }),
  ];
}

export const runbooks = [
  {
    name: 'restart-slow-api',
    description: 'Restarts the API when it answers slowly, and proves that it helped.',
    mode: 'auto',
    match: ['alertname="APIHighLatency"'],
    steps: [
      { kind: 'capture', text: 'log tail 200, p95' },
      { kind: 'restart', text: 'api' },
      { kind: 'verify', text: 'quiet for 15s, at most 3m' },
      { kind: 'escalate', text: 'ops' },
    ],
    limits: { cooldownMs: 300_000, attempts: 3, windowMs: 3_600_000 },
    lastRunAt: ago(60),
    runs: 4,
  },
  {
    name: 'scale-worker',
    description: 'Adds a worker when the backlog grows.',
    mode: 'approve',
    match: ['alertname="WorkerBacklog"'],
    steps: [
      { kind: 'scale', text: 'worker +1' },
      { kind: 'verify', text: 'quiet for 30s' },
    ],
    limits: { cooldownMs: 600_000, attempts: 2, windowMs: 3_600_000 },
    runs: 0,
  },
];

export function inbox() {
  const message = (id, minutes, state, title) => ({
    id,
    time: ago(minutes * 60),
    receiver: 'inbox',
    status: state,
    title,
    text: `🚨 ${title} (Severity: critical)\nInstance: 127.0.0.1:8000\n95 % of the requests take longer than 200 ms. <b>not bold</b>`,
    groupKey: '{}:{alertname="APIHighLatency"}',
    groupLabels: { alertname: 'APIHighLatency' },
    alerts: [
      {
        status: state,
        labels: { alertname: 'APIHighLatency', severity: 'critical' },
        annotations: {},
        startsAt: ago(minutes * 60 + 10),
        generatorURL: '',
      },
    ],
  });
  return [
    message('m3', 1, 'firing', 'APIHighLatency'),
    message('m2', 78, 'resolved', 'APIHighLatency'),
    message('m1', 80, 'firing', 'APIHighLatency'),
  ];
}

const target = (job, instance, health, lastError = '') => ({
  scrapePool: job,
  scrapeUrl: `http://${instance}/metrics`,
  health,
  lastError,
  labels: { job, instance },
  discoveredLabels: { __address__: instance, __metrics_path__: '/metrics', __scheme__: 'http', job },
  lastScrape: ago(2),
  lastScrapeDuration: 0.0042,
  scrapeInterval: '5s',
  scrapeTimeout: '5s',
});
export function targets() {
  return {
    activeTargets: [
      target('prunella', '127.0.0.1:9090', 'up'),
      target('node', '127.0.0.1:9090', 'up'),
      target('shop', '127.0.0.1:8000', 'up'),
      target('worker', '127.0.0.1:8002', 'down', 'Get "http://127.0.0.1:8002/metrics": connection refused'),
      target('worker', '127.0.0.1:8003', 'unknown'),
      target('postgres', '127.0.0.1:5432', 'up'),
    ],
    droppedTargets: [],
  };
}

export function tsdb(names) {
  const rows = (list) => list.slice(0, 10).map((name, index) => ({ name, value: 900 - index * 77 }));
  return {
    headStats: {
      numSeries: 4812,
      numLabelPairs: 611,
      chunkCount: 9012,
      minTime: Date.now() - 7_200_000,
      maxTime: Date.now(),
    },
    seriesCountByMetricName: rows(names),
    labelValueCountByLabelName: rows(['__name__', 'le', 'instance']),
    memoryInBytesByLabelName: rows(['__name__', 'le']),
    seriesCountByLabelValuePair: rows(['job=shop', 'job=node']),
  };
}

export function notifications() {
  const one = (id, minutes, outcome, extra = {}) => ({
    id,
    time: ago(minutes * 60),
    receiver: 'ops',
    integration: 'webhook[0]',
    groupKey: '{}',
    groupLabels: { alertname: 'APIHighLatency' },
    status: 'firing',
    reason: 'first notification',
    outcome,
    attempts: [{ time: ago(minutes * 60), durationMs: 31, answer: '200 OK' }],
    alertCount: 1,
    alerts: [
      { fingerprint: 'f', status: 'firing', labels: { alertname: 'APIHighLatency', path: '/<i>x</i>' } },
    ],
    ...extra,
  });
  return [
    one(3, 1, 'delivered', { receiver: 'inbox', integration: 'inbox[0]' }),
    one(2, 5, 'failed', {
      error: 'connect ECONNREFUSED 127.0.0.1:9',
      attempts: [
        { time: ago(300), durationMs: 2, error: 'connect ECONNREFUSED 127.0.0.1:9' },
        { time: ago(298), durationMs: 3, error: 'connect ECONNREFUSED 127.0.0.1:9' },
      ],
    }),
  ];
}
