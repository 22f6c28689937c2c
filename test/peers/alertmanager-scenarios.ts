/** What may happen to an Alertmanager, as data: a configuration, and steps in time. */
import type { Labels, Scenario } from './alertmanager-stage.ts';

const TIMERS = 'group_wait: 1s, group_interval: 2s, repeat_interval: 1h';
const WEB = "receivers: [{name: web, webhook_configs: [{url: 'SINK/web'}]}]";
const BY_NAME = `route: {receiver: web, group_by: [alertname], ${TIMERS}}\n${WEB}`;
const THREE = `receivers:
- {name: web, webhook_configs: [{url: 'SINK/web'}]}
- {name: db, webhook_configs: [{url: 'SINK/db'}]}
- {name: app, webhook_configs: [{url: 'SINK/app'}]}`;

const A = { alertname: 'A' };
const inst = (alertname: string, instance: string): Labels => ({ alertname, instance });

export const TIMING: readonly Scenario[] = [
  { name: 'one alert', config: BY_NAME, steps: [[0, (s) => s.fire(A)]], seconds: 2 },
  {
    name: 'two alerts of one group',
    config: BY_NAME,
    steps: [[0, (s) => s.fire(inst('A', '2'), inst('A', '1'))]],
    seconds: 2,
  },
  {
    name: 'two groups',
    config: BY_NAME,
    steps: [[0, (s) => s.fire(A, { alertname: 'B' })]],
    seconds: 2,
    least: 2,
  },
  {
    name: 'one joins later',
    config: BY_NAME,
    steps: [
      [0, (s) => s.fire(inst('A', '1'))],
      [1.6, (s) => s.fire(inst('A', '2'))],
    ],
    seconds: 4,
    least: 2,
  },
  {
    name: 'repeats',
    config: BY_NAME.replace('1h', '3s'),
    steps: [[0, (s) => s.fire(A)]],
    seconds: 10.5,
    least: 3,
  },
  {
    name: 'resolves',
    config: BY_NAME,
    steps: [
      [0, (s) => s.fire(A)],
      [1.6, (s) => s.resolve(1.5, A)],
    ],
    seconds: 4,
    least: 2,
  },
  {
    name: 'resolves before the first look',
    config: BY_NAME,
    steps: [
      [0, (s) => s.fire(A)],
      [0.5, (s) => s.resolve(0.4, A)],
    ],
    seconds: 4,
    least: 0,
  },
  {
    name: 'fires and resolves inside an interval',
    config: BY_NAME,
    steps: [
      [0, (s) => s.fire(inst('A', '1'))],
      [1.5, (s) => s.fire(inst('A', '2'))],
      [2.2, (s) => s.resolve(2, inst('A', '2'))],
    ],
    seconds: 6,
    least: 2,
  },
  {
    name: 'flaps inside an interval',
    config: BY_NAME,
    steps: [
      [0, (s) => s.fire(A)],
      [1.5, (s) => s.resolve(1.4, A)],
      [2.2, (s) => s.post({ labels: A, starts: 2, ends: 3600 })],
    ],
    seconds: 6,
  },
  {
    name: 'began long ago',
    config: BY_NAME.replace('group_wait: 1s', 'group_wait: 3s'),
    steps: [[0, (s) => s.post({ labels: A, starts: -60, ends: 3600 })]],
    seconds: 2,
  },
  {
    name: "group_by ['...']",
    config: BY_NAME.replace('[alertname]', "['...']"),
    steps: [[0, (s) => s.fire(inst('A', '1'), inst('A', '2'))]],
    seconds: 2,
    least: 2,
  },
  {
    name: 'group_by [] overrides the parent',
    modern: true,
    config: `route: {receiver: web, group_by: [alertname], ${TIMERS}, routes: [{group_by: [], matchers: [x="1"]}]}\n${WEB}`,
    steps: [[0, (s) => s.fire({ alertname: 'A', x: '1' }, { alertname: 'B', x: '1' }, { alertname: 'C' })]],
    seconds: 2,
    least: 2,
  },
  {
    name: 'group_by a label that is missing',
    config: BY_NAME.replace('[alertname]', '[alertname, zone]'),
    steps: [[0, (s) => s.fire(A, { alertname: 'A', zone: 'z' })]],
    seconds: 2,
    least: 2,
  },
  {
    name: 'resolve_timeout',
    config: `global: {resolve_timeout: 2s}\n${BY_NAME}`,
    steps: [[0, (s) => s.post({ labels: A, starts: 0 })]],
    seconds: 4.5,
    least: 2,
  },
  {
    name: 'posted again before resolve_timeout',
    config: `global: {resolve_timeout: 3s}\n${BY_NAME}`,
    steps: [
      [0, (s) => s.post({ labels: A, starts: 0 })],
      [2.6, (s) => s.post({ labels: A, starts: 0 })],
    ],
    seconds: 8.5,
    least: 2,
  },
  {
    name: 'the end that was named comes',
    config: BY_NAME,
    steps: [[0, (s) => s.post({ labels: A, starts: 0, ends: 2.4 })]],
    seconds: 6,
    least: 2,
  },
  {
    name: 'overlapping posts keep the earliest start',
    config: BY_NAME,
    steps: [
      [0, (s) => s.post({ labels: A, starts: 0, ends: 3600 })],
      [0.5, (s) => s.post({ labels: A, starts: 0.4, ends: 3700 })],
      [
        1.5,
        (s) =>
          s.post({ labels: { ...A, x: '2' }, starts: 1.5, ends: 3600 }, { labels: A, starts: 1, ends: 100 }),
      ],
    ],
    seconds: 4,
    least: 2,
  },
  {
    name: 'annotations that change do not notify, and the newest are shown',
    config: BY_NAME,
    steps: [
      [0, (s) => s.post({ labels: A, annotations: { summary: 'old', same: '' }, starts: 0, ends: 3600 })],
      [1.5, (s) => s.post({ labels: A, annotations: { summary: 'new', same: '' }, starts: 0, ends: 3600 })],
      [3.5, (s) => s.fire({ ...A, x: '2' })],
    ],
    seconds: 6,
    least: 2,
  },
  {
    name: 'send_resolved: false',
    config: BY_NAME.replace("'SINK/web'", "'SINK/web', send_resolved: false"),
    steps: [
      [0, (s) => s.fire(inst('A', '1'), inst('A', '2'))],
      [1.5, (s) => s.resolve(1.4, inst('A', '1'))],
      [3.5, (s) => s.resolve(3.4, inst('A', '2'))],
      [5.5, (s) => s.post({ labels: inst('A', '1'), starts: 5.4, ends: 3600 })],
    ],
    seconds: 9,
    least: 2,
  },
  {
    name: 'fires again after its group has gone',
    config: BY_NAME,
    steps: [
      [0, (s) => s.fire(A)],
      [1.5, (s) => s.resolve(1.4, A)],
      [3.5, (s) => s.post({ labels: A, starts: 3.5, ends: 3600 })],
    ],
    seconds: 7,
    modern: true,
    least: 3,
  },
  {
    name: 'a resolved alert that nobody knew',
    config: BY_NAME,
    steps: [[0, (s) => s.post({ labels: A, starts: -60, ends: -10 })]],
    seconds: 3,
    least: 0,
  },
  {
    name: 'max_alerts',
    config: BY_NAME.replace("'SINK/web'", "'SINK/web', max_alerts: 2"),
    steps: [[0, (s) => s.fire(inst('A', '3'), inst('A', '1'), inst('A', '2'))]],
    seconds: 2,
  },
  {
    name: 'order, common labels and annotations',
    config: BY_NAME,
    steps: [
      [
        0,
        (s) =>
          s.post(
            ...[
              { alertname: 'A', job: 'b', instance: '1', same: 'x' },
              { alertname: 'A', job: 'a', instance: '2', same: 'x', more: 'm' },
              { alertname: 'A', instance: '0', same: 'x' },
              { alertname: 'A', job: 'a', instance: '1', same: 'x', empty: '' },
              { alertname: 'A', zone: 'q', same: 'x' },
            ].map((labels, i) => ({
              labels,
              annotations: { all: 'y', some: String(i % 2), [`k${i}`]: 'z' },
              starts: 0,
              ends: 3600,
            })),
          ),
      ],
    ],
    seconds: 2,
  },
  {
    name: 'max_alerts of those that resolve',
    config: BY_NAME.replace("'SINK/web'", "'SINK/web', max_alerts: 1"),
    steps: [
      [0, (s) => s.fire(inst('A', '2'), inst('A', '1'))],
      [1.5, (s) => s.resolve(1.4, inst('A', '1'), inst('A', '2'))],
    ],
    seconds: 4,
    least: 2,
  },
  {
    name: 'one after the other resolves',
    config: BY_NAME,
    steps: [
      [0, (s) => s.fire(inst('A', '1'), inst('A', '2'))],
      [1.6, (s) => s.resolve(1.5, inst('A', '1'))],
      [3.6, (s) => s.resolve(3.5, inst('A', '2'))],
    ],
    seconds: 6,
    least: 3,
  },
  {
    name: 'posted as resolved twice',
    config: BY_NAME,
    steps: [
      [0, (s) => s.fire(A)],
      [1.5, (s) => s.resolve(1.4, A)],
      [2.2, (s) => s.resolve(1.4, A)],
      [3.6, (s) => s.resolve(1.4, A)],
    ],
    seconds: 6,
    least: 2,
  },
  {
    name: 'the beginning and the end move with each post',
    config: BY_NAME,
    steps: [0, 0.5, 1.5, 2.5].map(
      (at) => [at, (s) => s.post({ labels: A, starts: at, ends: at + 1.2 })] as const,
    ),
    seconds: 6,
    least: 2,
  },
  {
    name: 'HTML, template syntax, newlines and control characters',
    config: `route: {receiver: web, group_by: [alertname, x], ${TIMERS}}\n${WEB}`,
    steps: [
      [
        0,
        (s) =>
          s.post({
            labels: {
              alertname: '<script>alert(1)</script>',
              x: '{{ .Labels }} "q" \\ %s',
              y: 'a\nb\tc\u0000\u0001\u007f\u2028é🙂',
            },
            annotations: { summary: '<b>&amp;</b>\r\n{{ define "x" }}', 'd.e f': '\u001b[31m', empty: '' },
            starts: 0,
            ends: 3600,
          }),
      ],
    ],
    seconds: 2,
    modern: true,
  },
];

export const ROUTES: readonly Scenario[] = [
  {
    name: 'continue, nesting and inheritance',
    config: `
route:
  receiver: web
  group_by: [alertname]
  ${TIMERS.replaceAll(', ', '\n  ')}
  routes:
  - {matchers: [team="db"], receiver: db, continue: true, routes: [{matchers: [sev="page"], group_by: [sev]}]}
  - {matchers: [team=~"db|app"], receiver: app}
  - {matchers: [team="db"], receiver: web}
${THREE}`,
    steps: [
      [
        0,
        (s) =>
          s.fire(
            { alertname: 'A', team: 'db', sev: 'page' },
            { alertname: 'B', team: 'app' },
            { alertname: 'C' },
          ),
      ],
    ],
    seconds: 2,
    least: 4,
  },
  {
    name: 'two integrations of one receiver, and a receiver of none',
    config: `route: {receiver: none, ${TIMERS}, routes: [{matchers: [alertname="A"], receiver: two}]}
receivers: [{name: none}, {name: two, webhook_configs: [{url: 'SINK/1'}, {url: 'SINK/2', send_resolved: false}]}]`,
    steps: [
      [0, (s) => s.fire(A, { alertname: 'B' })],
      [1.5, (s) => s.resolve(1.4, A)],
    ],
    seconds: 4,
    least: 3,
  },
  {
    name: 'a receiver whose name is quoted',
    config: BY_NAME.replaceAll('web,', "'we.b (x)',"),
    steps: [[0, (s) => s.fire(A)]],
    seconds: 2,
  },
  ...(
    [
      ['=', ['x="1"'], [{ x: '1' }, { x: '2' }, {}]],
      ['!=', ['x!="1"'], [{ x: '1' }, { x: '2' }, {}]],
      ['=~ is anchored', ['x=~"a|b"'], [{ x: 'a' }, { x: 'ab' }, {}]],
      ['!~', ['x!~"a.*"'], [{ x: 'ab' }, { x: 'b' }, {}]],
      ['missing equals empty', ['x=""'], [{ x: '1' }, {}]],
      ['=~ that matches the empty', ['x=~".*"'], [{ x: '1' }, {}]],
      ['the dot does not match a newline', ['x=~"a.b"'], [{ x: 'a\nb' }, { x: 'a-b' }]],
      ['without quotes', ['x=a', 'y != b'], [{ x: 'a' }, { x: 'a', y: 'b' }]],
      ['all of several', ['x="1"', 'y="2"'], [{ x: '1', y: '2' }, { x: '1' }]],
      [
        'case counts',
        ['x=~"(?i)abc"', 'y="B"'],
        [
          { x: 'ABC', y: 'B' },
          { x: 'abc', y: 'b' },
        ],
      ],
      ['backslashes', ['x=~"\\\\d+"'], [{ x: '12' }, { x: 'd' }]],
      ['an empty value without quotes', ['x='], [{ x: '1' }, {}]],
    ] as const
  ).map(([name, matchers, labels]): Scenario => ({
    name: `matchers: ${name}`,
    config: `route: {receiver: web, ${TIMERS}, routes: [{receiver: db, group_by: [n], matchers: ${JSON.stringify(matchers)}}]}\n${THREE}`,
    steps: [[0, (s) => s.fire(...labels.map((each, i) => ({ n: String(i), ...each }) as Labels))]],
    seconds: 2,
  })),
  ...(
    [
      ['several in one string', ['{x="1",y=~"2|3"}'], [{ x: '1', y: '3' }, { x: '1' }]],
      ['UTF-8 names', ['"host.name"="ü"', '🙂=a'], [{ 'host.name': 'ü', '🙂': 'a' }, { 'host.name': 'u' }]],
    ] as const
  ).map(([name, matchers, labels]): Scenario => ({
    name: `matchers: ${name}`,
    config: `route: {receiver: web, ${TIMERS}, routes: [{receiver: db, group_by: [n], matchers: ${JSON.stringify(matchers)}}]}\n${THREE}`,
    steps: [[0, (s) => s.fire(...labels.map((each, i) => ({ n: String(i), ...each }) as Labels))]],
    seconds: 2,
    modern: true,
  })),
  {
    name: 'UTF-8 labels in the group key',
    config: `route: {receiver: web, group_by: ['host.name', 'a b', x], ${TIMERS}}\n${WEB}`,
    steps: [[0, (s) => s.fire({ 'host.name': 'ü "q" \\ \n', 'a b': '🙂\u0001', x: '\u2028<&>' })]],
    seconds: 2,
    modern: true,
  },
  {
    name: 'match and match_re',
    config: `route: {receiver: web, ${TIMERS}, routes: [{receiver: db, match: {x: '1'}, match_re: {y: 'a|b'}}]}\n${THREE}`,
    steps: [[0, (s) => s.fire({ x: '1', y: 'b' }, { x: '1', y: 'ab' })]],
    seconds: 2,
    least: 2,
  },
  {
    name: 'timers of a child',
    config: `route: {receiver: web, ${TIMERS}, routes: [{receiver: db, matchers: [x="1"], group_wait: 2s, group_interval: 3s, repeat_interval: 4s}]}\n${THREE}`,
    steps: [
      [0, (s) => s.fire({ x: '1', n: '1' }, { x: '2' })],
      [2.5, (s) => s.fire({ x: '2', n: '2' })],
    ],
    seconds: 9.5,
    least: 4,
  },
  {
    name: 'the same receiver by two routes',
    config: `route: {receiver: web, ${TIMERS}, routes: [{receiver: db, group_by: [x], matchers: [x="1"], continue: true}, {receiver: db, group_by: [y], matchers: [y="2"]}]}\n${THREE}`,
    steps: [[0, (s) => s.fire({ x: '1', y: '2' }, { x: '1', y: '3' }, { x: '2', y: '2' })]],
    seconds: 2,
    least: 2,
  },
  {
    name: 'continue into children that do not match',
    config: `route: {receiver: web, ${TIMERS}, routes: [{receiver: db, matchers: [x="1"], continue: true, routes: [{receiver: app, matchers: [y="9"]}]}, {receiver: app, matchers: [z="1"]}]}\n${THREE}`,
    steps: [[0, (s) => s.fire({ x: '1', z: '1' }, { x: '1' }, { x: '1', y: '9' })]],
    seconds: 2,
    least: 3,
  },
];

const INHIBIT = `${BY_NAME}\ninhibit_rules: [{source_matchers: [sev="crit"], target_matchers: [sev="warn"], equal: [host]}]`;
const source = { alertname: 'S', sev: 'crit', host: 'h' };
const target = { alertname: 'T', sev: 'warn', host: 'h' };

/** A range of times of day that now is in, or one that it is not; half an hour is far enough from their ends. */
function hours(now: boolean): string {
  const clock = (minutes: number): string =>
    new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16);
  const from = clock(now ? -30 : 60);
  const to = clock(now ? 30 : 120);
  const ranges =
    from < to
      ? [[from, to]]
      : [
          [from, '24:00'],
          ['00:00', to],
        ]; // around midnight
  return (ranges as [string, string][])
    .filter(([from, to]) => from < to)
    .map(([from, to]) => `{start_time: '${from}', end_time: '${to}'}`)
    .join(', ');
}

export const MUTING: readonly Scenario[] = [
  {
    name: 'inhibited',
    config: INHIBIT,
    steps: [[0, (s) => s.fire(source, target, { ...target, host: 'other' })]],
    seconds: 2.5,
    least: 2,
  },
  {
    name: 'inhibited until the source resolves',
    config: INHIBIT,
    steps: [
      [0, (s) => s.fire(source, target)],
      [1.5, (s) => s.resolve(1.4, source)],
    ],
    seconds: 6,
    least: 3,
  },
  {
    name: 'told, then resolved while inhibited: nothing',
    config: INHIBIT,
    steps: [
      [0, (s) => s.fire(target)],
      [1.5, (s) => s.fire(source)],
      [1.8, (s) => s.resolve(1.7, target)],
    ],
    seconds: 6,
    least: 2,
  },
  {
    name: 'equal: missing is empty',
    config: INHIBIT,
    steps: [[0, (s) => s.fire({ alertname: 'S', sev: 'crit' }, { alertname: 'T', sev: 'warn' })]],
    seconds: 2.5,
  },
  {
    name: 'source and target at once',
    config: `${BY_NAME}\ninhibit_rules: [{source_matchers: [sev=~"crit|warn"], target_matchers: [sev=~"warn|info"]}]`,
    steps: [
      [
        0,
        (s) =>
          s.fire(
            { alertname: 'W1', sev: 'warn' },
            { alertname: 'W2', sev: 'warn' },
            { alertname: 'I', sev: 'info' },
          ),
      ],
    ],
    seconds: 2.5,
    least: 2,
  },
  {
    name: 'inhibition as it was written of old',
    config: `${BY_NAME}\ninhibit_rules: [{source_match: {sev: crit}, target_match_re: {sev: 'w.*'}, equal: [host]}]`,
    steps: [[0, (s) => s.fire(source, target)]],
    seconds: 2.5,
  },
  {
    name: 'silenced',
    config: BY_NAME,
    steps: [
      [0, (s) => s.silence('alertname=A')],
      [0.1, (s) => s.fire(A, { alertname: 'B' })],
    ],
    seconds: 2.5,
  },
  {
    name: 'silenced by a regular expression and by what is not',
    config: BY_NAME,
    steps: [
      [0, (s) => s.silence('alertname=~A|X.*')],
      [0, (s) => s.silence('team!=db')],
      [
        0.1,
        (s) =>
          s.fire(
            { alertname: 'A', team: 'db' },
            { alertname: 'B', team: 'db' },
            { alertname: 'C' },
            { alertname: 'X1', team: 'db' },
          ),
      ],
    ],
    seconds: 2.5,
  },
  {
    name: 'a silence that is expired lets the next look through',
    config: BY_NAME,
    steps: [
      [0, (s) => s.silence('alertname=A')],
      [0.1, (s) => s.fire(A)],
      [1.7, (s) => s.expireSilence()],
    ],
    seconds: 4,
  },
  {
    name: 'a silence that ends by itself',
    config: BY_NAME,
    steps: [
      [0, (s) => s.silence('alertname=A', 0, 2)],
      [0.1, (s) => s.fire(A)],
    ],
    seconds: 4,
  },
  {
    name: 'a silence that is pending',
    config: BY_NAME,
    steps: [
      [0, (s) => s.silence('alertname=A', 2)],
      [0.1, (s) => s.fire(inst('A', '1'))],
      [1.6, (s) => s.fire(inst('A', '2'))],
    ],
    seconds: 4,
  },
  {
    name: 'told, then resolved while silenced: nothing, and nothing when it fires again',
    config: BY_NAME,
    steps: [
      [0, (s) => s.fire(A)],
      [1.5, (s) => s.silence('alertname=A')],
      [1.6, (s) => s.resolve(1.5, A)],
      [3.5, (s) => s.expireSilence()],
      [3.6, (s) => s.post({ labels: A, starts: 3.5, ends: 3600 })],
    ],
    seconds: 8,
    modern: true,
  },
  ...(
    [
      ['mute_time_intervals', 'always', '{}'],
      ['active_time_intervals', 'always', '{}'],
      ['mute_time_intervals', 'never', "{years: ['1999']}"],
      ['active_time_intervals', 'never', "{years: ['1999']}"],
      [
        'mute_time_intervals',
        'these weekdays',
        '{weekdays: [monday, tuesday, wednesday, thursday, friday, saturday, sunday], location: Asia/Tehran}',
      ],
    ] as const
  ).map(([key, name, interval]): Scenario => ({
    name: `${key}: ${name}; siblings after it are not asked`,
    config: `route: {receiver: web, ${TIMERS}, routes: [{receiver: db, matchers: [x="1"], ${key}: [t]}, {receiver: app, matchers: [x="1"]}]}
time_intervals: [{name: t, time_intervals: [${interval}]}]\n${THREE}`,
    steps: [[0, (s) => s.fire({ x: '1' }, { x: '2' })]],
    seconds: 2.5,
  })),
  {
    name: 'a source that comes while its target waits',
    config: INHIBIT,
    steps: [
      [0, (s) => s.fire(target)],
      [0.5, (s) => s.fire(source)],
    ],
    seconds: 4,
  },
  {
    name: 'two rules, one without equal labels',
    config: `${BY_NAME}\ninhibit_rules: [{source_matchers: [sev="crit"], target_matchers: [sev="warn"], equal: [host]}, {source_matchers: [sev="down"], target_matchers: [sev=~"crit|info"]}]`,
    steps: [
      [
        0,
        (s) =>
          s.fire(
            { alertname: 'D', sev: 'down' },
            source,
            target,
            { alertname: 'I', sev: 'info' },
            { ...target, host: 'other' },
          ),
      ],
    ],
    seconds: 2.5,
    least: 2,
  },
  {
    name: 'a source that is silenced inhibits all the same',
    config: INHIBIT,
    steps: [
      [0, (s) => s.silence('alertname=S')],
      [0.1, (s) => s.fire(source, target, { alertname: 'X' })],
    ],
    seconds: 2.5,
  },
  {
    name: 'one of a group is silenced',
    config: BY_NAME,
    steps: [
      [0, (s) => s.silence('instance=1')],
      [0.1, (s) => s.fire(inst('A', '1'), inst('A', '2'))],
      [1.6, (s) => s.expireSilence()],
    ],
    seconds: 4,
    least: 2,
  },
  {
    name: 'silenced by the lack of a label',
    config: BY_NAME,
    steps: [
      [0, (s) => s.silence('team!~.+')],
      [0.1, (s) => s.fire({ alertname: 'A' }, { alertname: 'B', team: 'x' })],
    ],
    seconds: 2.5,
  },
  ...(['mute_time_intervals', 'active_time_intervals'] as const).flatMap((key) =>
    ([true, false] as const).map((now): Scenario => ({
      name: `${key}: ${now ? 'these hours' : 'other hours'}`,
      config: `route: {receiver: web, ${TIMERS}, routes: [{receiver: db, matchers: [x="1"], ${key}: [t]}]}
time_intervals: [{name: t, time_intervals: [{times: [${hours(now)}]}]}]\n${THREE}`,
      steps: [[0, (s) => s.fire({ x: '1' }, { x: '2' })]],
      seconds: 2.5,
    })),
  ),
];

export const TROUBLE: readonly Scenario[] = [
  {
    name: 'a receiver that fails twice, then works',
    config: BY_NAME,
    steps: [
      [
        0,
        (s) => {
          s.sink.answer = (_, response) => response.writeHead(s.sink.received.length < 3 ? 503 : 200).end();
          return s.fire(A);
        },
      ],
    ],
    seconds: 5,
    least: 3,
  },
  {
    name: 'a receiver that refuses is asked again at the next look',
    config: BY_NAME,
    steps: [
      [
        0,
        (s) => {
          s.sink.answer = (_, response) => response.writeHead(s.sink.received.length < 3 ? 400 : 200).end();
          return s.fire(A);
        },
      ],
    ],
    seconds: 8,
    least: 3,
  },
  {
    name: 'a receiver that cuts the connection',
    config: BY_NAME,
    steps: [
      [
        0,
        (s) => {
          s.sink.answer = (incoming, response) =>
            s.sink.received.length < 2 ? incoming.socket.destroy() : response.end();
          return s.fire(A);
        },
      ],
    ],
    seconds: 4,
    least: 2,
  },
  {
    name: 'one that fails does not make the other repeat',
    config: `route: {receiver: two, ${TIMERS}}
receivers: [{name: two, webhook_configs: [{url: 'SINK/bad'}, {url: 'SINK/good'}]}]`,
    steps: [
      [
        0,
        (s) => {
          s.sink.answer = (incoming, response) =>
            response.writeHead(incoming.url === '/bad' ? 400 : 200).end();
          return s.fire(A);
        },
      ],
    ],
    seconds: 6,
    least: 4,
  },
  {
    name: 'a restart forgets alerts (real) or knows them (ours), and tells nobody twice',
    config: BY_NAME,
    steps: [
      [0, (s) => s.fire(A)],
      [1.6, (s) => s.peer.restart()],
      [2.6, (s) => s.fire(A)],
    ],
    seconds: 6,
  },
  {
    name: 'after a restart a silence still holds, and what joins is told with what was known',
    // Ours knows the group still, so that who joins it waits for its next look.
    tolerance: 2.5,
    config: BY_NAME,
    steps: [
      [0, (s) => s.silence('alertname=B')],
      [0.1, (s) => s.fire(inst('A', '1'))],
      [1.7, (s) => s.peer.restart()],
      [2.8, (s) => s.fire(inst('A', '1'), inst('A', '2'), { alertname: 'B' })],
    ],
    seconds: 6,
    least: 2,
  },
  {
    name: 'a receiver that answers late',
    config: BY_NAME,
    steps: [
      [
        0,
        (s) => {
          s.stall('/web', 1.2);
          return s.fire(inst('A', '1'));
        },
      ],
      [2.6, (s) => s.fire(inst('A', '2'))],
    ],
    seconds: 6,
    least: 2,
  },
  {
    name: 'one that stalls does not make the other wait',
    // With the real one a group's next look waits for all answers to the last; ours looks on time.
    tolerance: 2.5,
    config: `route: {receiver: two, group_by: [alertname], ${TIMERS}}
receivers: [{name: two, webhook_configs: [{url: 'SINK/slow'}, {url: 'SINK/quick'}]}]`,
    steps: [
      [
        0,
        (s) => {
          s.stall('/slow', 2.6);
          return s.fire(inst('A', '1'));
        },
      ],
      [1.6, (s) => s.fire(inst('A', '2'))],
    ],
    seconds: 9,
    least: 4,
  },
  {
    name: 'a receiver that comes back is told the state of then',
    config: BY_NAME.replace('group_interval: 2s', 'group_interval: 3s'),
    steps: [
      [
        0,
        (s) => {
          s.sink.answer = (_, response) => response.writeHead(400).end();
          return s.fire(inst('A', '1'), inst('A', '2'));
        },
      ],
      [
        2,
        (s) => {
          s.sink.answer = (_, response) => response.end();
          return s.resolve(1.9, inst('A', '1'));
        },
      ],
    ],
    seconds: 8,
    least: 2,
  },
  {
    name: 'a receiver that is never there',
    config: BY_NAME,
    steps: [
      [
        0,
        (s) => {
          s.sink.answer = (_, response) => response.writeHead(404).end();
          return s.fire(A);
        },
      ],
    ],
    seconds: 6,
    least: 3,
  },
  {
    name: 'what was told before a restart is told as resolved after it',
    config: BY_NAME,
    // Ours knows the group still, so that it looks again at the group's own time.
    tolerance: 2.5,
    steps: [
      [0, (s) => s.fire(inst('A', '1'), inst('A', '2'))],
      [1.7, (s) => s.peer.restart()],
      [2.8, (s) => s.fire(inst('A', '1'), inst('A', '2'))],
      [3.2, (s) => s.resolve(3, inst('A', '1'), inst('A', '2'))],
    ],
    seconds: 9,
    least: 2,
  },
];

/** Integrations with templates of their own: whole bodies are compared. */
export const SERVICES: readonly Scenario[] = (
  [
    [
      'slack',
      `{api_url: 'SINK/slack', channel: '#c', username: u, color: '{{ .Status }}', title: '{{ .GroupLabels.alertname }} {{ len .Alerts }}', title_link: l, pretext: p, text: '{{ range .Alerts }}{{ .Labels.instance }};{{ end }}', fallback: f, callback_id: c, footer: '{{ .CommonAnnotations.summary | toUpper }}', icon_emoji: ':x:', link_names: true, short_fields: true, fields: [{title: t, value: '{{ .CommonLabels.alertname }}'}, {title: u, value: v, short: false}], actions: [{type: button, text: b, url: 'http://x'}]}`,
    ],
    [
      'pagerduty',
      `{url: 'SINK/pd', routing_key: k, client: c, client_url: u, description: '{{ .Status }} {{ .GroupLabels.SortedPairs.Values | join "," }}', severity: critical, class: cl, component: co, group: g, details: {firing: f, resolved: r, num_firing: '{{ .Alerts.Firing | len }}', num_resolved: no2, own: '{{ .CommonLabels.alertname }}'}, links: [{href: h, text: t}]}`,
    ],
    [
      'victorops',
      `{api_key: k, api_url: 'SINK/vo/', routing_key: r, state_message: '{{ .GroupLabels }}', entity_display_name: '{{ .Status }}', monitoring_tool: m, custom_fields: {x: '{{ .Status }}'}}`,
    ],
    [
      'webex',
      `{api_url: 'SINK/webex', room_id: room, message: '{{ .CommonLabels.SortedPairs }}', http_config: {authorization: {credentials: t}}}`,
    ],
    ['incidentio', `{url: 'SINK/inc', alert_source_token: t}`],
    [
      'mattermost',
      `{webhook_url: 'SINK/mm', channel: c, username: u, text: '{{ .Status }}', fallback: f, color: co, pretext: p, title: t, title_link: tl, author_name: an}`,
    ],
    [
      'mattermost',
      `{webhook_url: 'SINK/mm', channel: c, username: u, text: '{{ .Status }}', attachments: [{title: at, fields: [{title: a, value: b}]}], props: {card: cc}, priority: {priority: urgent, requested_ack: true}}`,
    ],
    [
      'opsgenie',
      `{api_url: 'SINK/og/', api_key: k, message: '{{ .Status }}', description: d, source: s, tags: 'a,b', note: n, priority: P2, entity: e, details: {x: '{{ .Status }}'}, responders: [{type: team, name: ops}]}`,
    ],
    ['discord', `{webhook_url: 'SINK/discord', title: '{{ .Status }}', message: m}`],
    ['msteams', `{webhook_url: 'SINK/teams', title: '{{ .Status }}', summary: s, text: x}`],
    ['msteamsv2', `{webhook_url: 'SINK/teams2', title: '{{ .Status }}', text: x}`],
    [
      'telegram',
      `{api_url: 'SINK', bot_token: t, chat_id: -42, message: '<b>{{ .CommonLabels.alertname }}</b> {{ .CommonAnnotations.summary }}', parse_mode: HTML}`,
    ],
    [
      'telegram',
      `{api_url: 'SINK', bot_token: t, chat_id: 42, message: '*{{ .Status }}*', parse_mode: Markdown, disable_notifications: true}`,
    ],
    [
      'sns',
      `{api_url: 'SINK', sigv4: {region: us-east-2, access_key: a, secret_key: b}, topic_arn: 'arn:aws:sns:us-east-2:1:t', subject: '{{ .Status }}', message: m, attributes: {k: v}}`,
    ],
  ] as const
).map(([kind, config]): Scenario => ({
  name: `${kind}: ${config.slice(0, 60)}…`,
  config: `route: {receiver: r, group_by: [alertname], ${TIMERS}}
receivers: [{name: r, ${kind}_configs: [${config}]}]`,
  steps: [
    [
      0,
      (s) => {
        s.sink.answer = (incoming, response) =>
          incoming.url?.startsWith('/bot')
            ? response
                .writeHead(200, { 'content-type': 'application/json' })
                .end('{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1,"type":"private"}}}')
            : response.end(
                incoming.url === '/slack'
                  ? 'ok'
                  : '<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>',
              );
        return s.post({ labels: inst('A', '<i>'), annotations: { summary: 'a & b' }, starts: 0, ends: 3600 });
      },
    ],
  ],
  seconds: 2.5,
  modern: true,
}));
