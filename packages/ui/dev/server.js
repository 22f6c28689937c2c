// A stand-in for Prunella's server while the pages are worked on: every endpoint of docs/api.md, /api/v1 and /api/v2
// that a page asks for, with made-up but moving data. For development only; nothing ships it.
//   node packages/ui/dev/server.js [port]      serves packages/ui/dist and the API on 127.0.0.1
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import {
  alertGroups,
  inbox,
  incidents,
  logs,
  notifications,
  receivers,
  rules,
  runbooks,
  silences,
  status,
  targets,
  tsdb,
  workloads,
} from './fixtures.js';
import { instant, labelNames, labelValues, metricNames, range } from './series.js';

const port = Number(process.argv[2] ?? 9099);
const dist = join(import.meta.dirname, '..', 'dist');
const folders = [
  join(import.meta.dirname, '../../../config/dashboards'),
  join(import.meta.dirname, '../../../../shared/reference/dashboards'),
  join(import.meta.dirname, 'dashboards'),
];

const dashboards = new Map();
for (const folder of folders.filter((folder) => existsSync(folder))) {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const json = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const uid = json.uid || file.replace('.json', '');
    dashboards.set(uid, {
      entry: {
        uid,
        title: json.title,
        tags: json.tags ?? [],
        folder: folder.includes('reference') ? 'Reference' : 'Demo',
        file,
      },
      json,
    });
  }
}

const ok = (data) => ({ status: 'success', data });
const clients = new Set();
setInterval(() => {
  for (const client of clients)
    client.write('event: alerts\ndata: {"firing":1,"pending":1}\n\nevent: workloads\ndata: {}\n\n');
}, 10_000).unref();

function query(params) {
  const expr = params.get('query') ?? '';
  if (expr.split('(').length !== expr.split(')').length) {
    return [
      400,
      {
        status: 'error',
        errorType: 'bad_data',
        error: `invalid parameter "query": 1:${expr.length}: parse error: unexpected end of input`,
      },
    ];
  }
  return undefined;
}

function prometheus(path, params) {
  const number = (name) => Number(params.get(name)) * 1000;
  switch (path) {
    case '/api/v1/query':
      return query(params) ?? [200, ok(instant(params.get('query') ?? '', number('time') || Date.now()))];
    case '/api/v1/query_range':
      return (
        query(params) ?? [
          200,
          ok(range(params.get('query') ?? '', number('start'), number('end'), number('step'))),
        ]
      );
    case '/api/v1/labels':
      return [200, ok(labelNames(params.getAll('match[]')))];
    case '/api/v1/metadata':
      return [
        200,
        ok(
          Object.fromEntries(
            metricNames.map((name) => [
              name,
              [
                {
                  type: name.endsWith('_total') ? 'counter' : 'gauge',
                  help: `About ${name.replaceAll('_', ' ')}.`,
                  unit: '',
                },
              ],
            ]),
          ),
        ),
      ];
    case '/api/v1/rules':
      return [200, ok({ groups: rules() })];
    case '/api/v1/targets':
      return [200, ok(targets())];
    case '/api/v1/status/tsdb':
      return [200, ok(tsdb(metricNames))];
    case '/api/v1/status/config':
      return [
        200,
        ok({
          yaml: 'global:\n  scrape_interval: 5s\n  evaluation_interval: 5s\nscrape_configs:\n  - job_name: shop\n    static_configs:\n      - targets: [127.0.0.1:8000]\n',
        }),
      ];
    case '/api/v1/status/flags':
      return [
        200,
        ok({
          'web.listen-address': '127.0.0.1:9090',
          'storage.tsdb.retention.time': '15d',
          'query.timeout': '2m',
          'config.file': 'prometheus.yml',
        }),
      ];
    case '/api/v1/status/runtimeinfo':
      return [
        200,
        ok({
          startTime: new Date().toISOString(),
          CWD: '/srv/prunella',
          reloadConfigSuccess: true,
          storageRetention: '15d',
          corruptionCount: 0,
        }),
      ];
    case '/api/v1/status/buildinfo':
      return [200, ok({ version: '0.1.0', revision: 'dev', goVersion: 'node 20' })];
    default: {
      const values = /^\/api\/v1\/label\/(.+)\/values$/.exec(path);
      return values
        ? [200, ok(labelValues(decodeURIComponent(values[1]), params.getAll('match[]')))]
        : undefined;
    }
  }
}

function alertmanager(path, params, body, method) {
  switch (path) {
    case '/api/v2/alerts/groups':
      return [200, params.has('empty') ? [] : alertGroups()];
    case '/api/v2/alerts':
      return [200, alertGroups().flatMap((group) => group.alerts)];
    case '/api/v2/silences':
      if (method === 'POST') return [200, { silenceID: silences.put(JSON.parse(body)) }];
      return [200, silences.list()];
    case '/api/v2/receivers':
      return [200, receivers];
    default: {
      const one = /^\/api\/v2\/silence\/(.+)$/.exec(path);
      if (one && method === 'DELETE')
        return silences.expire(one[1]) ? [200, undefined] : [404, 'silence not found'];
      return undefined;
    }
  }
}

function prunella(path, params, body, method) {
  const parts = path.split('/').slice(3);
  if (parts[0] === 'status') return [200, status()];
  if (parts[0] === 'dashboards' && parts.length === 1)
    return [200, [...dashboards.values()].map(({ entry }) => entry)];
  if (parts[0] === 'dashboards') {
    const found = dashboards.get(decodeURIComponent(parts[1]));
    return found
      ? [200, found.json]
      : [404, { error: `there is no dashboard ${parts[1]}`, code: 'not_found' }];
  }
  if (parts[0] === 'workloads' && parts.length === 1) return [200, workloads.list()];
  if (parts[2] === 'logs') return [200, { lines: logs(parts[1]) }];
  if (parts[0] === 'workloads' && method === 'POST') {
    workloads.act(parts[1], parts[2], body === '' ? {} : JSON.parse(body));
    return [200, {}];
  }
  if (parts[0] === 'incidents' && parts.length === 1) return [200, { incidents: incidents() }];
  if (parts[0] === 'incidents') {
    const found = incidents().find((incident) => incident.id === parts[1]);
    return found ? [200, found] : [404, { error: `there is no incident ${parts[1]}`, code: 'not_found' }];
  }
  if (parts[0] === 'runbooks') return [200, runbooks];
  if (parts[0] === 'recurring-silences' && method === 'GET') {
    const matchers = [{ name: 'job', value: 'backup', isRegex: false, isEqual: true }];
    const intervals = [
      {
        weekdays: ['monday:friday'],
        times: [{ start_time: '22:00', end_time: '23:30' }],
        location: 'Europe/Berlin',
      },
    ];
    return [
      200,
      {
        recurringSilences: [
          { id: 'r1', matchers, intervals, createdBy: 'ada', comment: 'The nightly backup' },
        ],
      },
    ];
  }
  if (parts[0] === 'notifications') return [200, { notifications: notifications() }];
  if (parts[0] === 'receivers' && parts.length === 1)
    return [
      200,
      receivers.map(({ name }, index) => ({
        name,
        integrations: [{ name: 'webhook[0]', sendResolved: true }],
        last: notifications()[index],
      })),
    ];
  if (parts[0] === 'receivers' && parts[2] === 'test')
    return [
      200,
      {
        results: [
          {
            integration: 'webhook[0]',
            ok: parts[1] !== 'bale',
            answer: parts[1] === 'bale' ? '401 Unauthorized' : '200 OK',
            durationMs: 41,
          },
        ],
      },
    ];
  if (parts[0] === 'alerts' && parts[2] === 'acknowledge') return [200, {}];
  if (parts[0] === 'inbox') return [200, { messages: inbox() }];
  return undefined;
}

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
};

function file(path, response) {
  const asked = join(dist, normalize(path));
  const found = existsSync(asked) && statSync(asked).isFile() ? asked : join(dist, 'index.html');
  response.writeHead(200, {
    'content-type': types[extname(found)] ?? 'application/octet-stream',
    // The real server sends the same policy.
    'content-security-policy':
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  });
  createReadStream(found).pipe(response);
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://dev');
  let body = '';
  for await (const chunk of request) body += chunk;
  const isForm = request.headers['content-type']?.includes('form');
  const params = isForm ? new URLSearchParams(body) : url.searchParams;
  const told = /^\/dev\/event\/(\w+)$/.exec(url.pathname); // tests make events happen
  if (told) {
    for (const client of clients) client.write(`event: ${told[1]}\ndata: {}\n\n`);
    response.end();
    return;
  }
  if (url.pathname === '/api/prunella/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    clients.add(response);
    request.on('close', () => clients.delete(response));
    return;
  }
  const found = url.pathname.startsWith('/api/v1/')
    ? prometheus(url.pathname, params)
    : url.pathname.startsWith('/api/v2/')
      ? alertmanager(url.pathname, params, body, request.method)
      : url.pathname.startsWith('/api/prunella/')
        ? prunella(url.pathname, params, body, request.method)
        : null;
  if (found === null) return file(url.pathname, response);
  const [code, json] = found ?? [404, { error: `nothing at ${url.pathname}`, code: 'not_found' }];
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(json === undefined ? '' : JSON.stringify(json));
}

const server = createServer((request, response) => void answer(request, response));
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
