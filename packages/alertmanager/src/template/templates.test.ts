import { Labels } from '@prunella/metrics';
import { describe, expect, test } from 'vitest';
import { alertText } from '../receivers/message.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { templateData } from './data.ts';
import { TemplateSet } from './templates.ts';

const NOW = Date.parse('2026-01-05T13:00:00Z');
const set = new TemplateSet(() => NOW);
const alerts = [
  sampleAlert({ alertname: 'Down', severity: 'critical', instance: 'a<b>' }, { summary: 'x & "y"' }),
  sampleAlert({ alertname: 'Down', severity: 'warning', z: '1' }, {}, 'resolved'),
];
const data = templateData(
  sampleNotification({ alerts, groupLabels: Labels.from({ alertname: 'Down' }) }),
  'http://p',
);

describe('TemplateSet', () => {
  test.each([
    ['plain', 'plain'],
    ['{{ .Status }} {{ .Receiver }} {{ .ExternalURL }}', 'firing ops http://p'],
    ['{{ len .Alerts }}/{{ len .Alerts.Firing }}/{{ .Alerts.Resolved | len }}', '2/1/1'],
    ['{{ .CommonLabels.alertname }}|{{ .CommonLabels.missing }}|', 'Down||'],
    [
      '{{ range .Alerts }}{{ .Labels.Names | join "," }};{{ end }}',
      'alertname,instance,severity;alertname,severity,z;',
    ],
    ['{{ range (.GroupLabels.Remove (stringSlice "alertname")).SortedPairs }}x{{ end }}', ''],
    ['{{ (index .Alerts 0).StartsAt.Format "15:04" }} {{ (index .Alerts 0).EndsAt.IsZero }}', '12:00 true'],
    ['{{ (index .Alerts 1).EndsAt.Sub (index .Alerts 1).StartsAt }}', '1m0s'],
    ['{{ since (index .Alerts 0).StartsAt }}', '1h0m0s'],
    ['{{ template "__subject" . }}', '[FIRING 1] Down'],
    [
      '{{ .GroupLabels }} {{ (index .Alerts 0).Labels.SortedPairs }}',
      'alertname=Down alertname=Down, instance=a<b>, severity=critical',
    ],
    ['{{ .NotificationReason }}', 'first notification'],
    [
      '{{ (index .Alerts 1) | toJson }}',
      `{"status":"resolved","labels":{"alertname":"Down","severity":"warning","z":"1"},"annotations":{},"startsAt":"2026-01-05T12:00:00Z","endsAt":"2026-01-05T12:01:00Z","generatorURL":"http://prometheus.test/graph?g0.expr=up","fingerprint":"${alerts[1]?.fingerprint}"}`,
    ],
    ['{{ .CommonLabels | toJson }}', '{"alertname":"Down"}'],
  ])('%s', (template, expected) => {
    expect(set.text(template, data)).toBe(expected);
  });

  test('html() escapes what the data says', () => {
    expect(
      set.html(
        '<p title="{{ (index .Alerts 0).Labels.instance }}">{{ (index .Alerts 0).Annotations.summary }}</p>',
        data,
      ),
    ).toBe('<p title="a&lt;b&gt;">x &amp; &#34;y&#34;</p>');
    expect(set.html('{{ template "email.default.html" . }}', data)).not.toContain('a<b>');
  });

  test('a fault names its place', () => {
    expect(() => set.text('{{ .Nope.Deeper }}', data)).toThrow(/template.*Nope/);
    expect(() => set.text('{{ if }}', data)).toThrow(/template/);
  });

  test("a user's file overrides a default by its name", () => {
    const own = new TemplateSet(() => NOW);
    own.add('a.tmpl', '{{ define "__subject" }}mine{{ end }}');
    expect(own.text('{{ template "slack.default.title" . }}', data)).toBe('mine');
    expect(() => own.add('bad.tmpl', '{{ define "x" }}')).toThrow(/bad.tmpl/);
  });

  test('the chat message by template is the plain one', () => {
    expect(set.text('{{ template "telegram.default.message" . }}', data)).toBe(
      alerts.map(alertText).join('\n\n'),
    );
  });
});
