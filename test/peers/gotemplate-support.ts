/** What both engines are given, and ours as a function. */
import { readFileSync } from 'node:fs';
import { alertmanagerFunctions, Template } from '@prunella/gotemplate';
import { Labels } from '@prunella/metrics';
import { templateData } from '../../packages/alertmanager/src/template/data.ts';
import { templateValue } from '../../packages/alertmanager/src/template/values.ts';

/** The shape is that of Alertmanager's template data. */
export const DATA = {
  receiver: 'team-X',
  status: 'firing',
  alerts: [
    {
      status: 'firing',
      labels: {
        alertname: 'A',
        html: '<b>"x" & \'y\'</b>',
        url: 'javascript:alert(1)',
        path: 'a b/c?d=e&f+g',
        n: '5',
      },
      annotations: { text: 'line 1\nline 2\t`tick` \\ {{ .X }} ünïcödé' },
      startsAt: '2026-01-02T03:04:05.678Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://g/?a=b&c=d',
      fingerprint: 'ff00',
    },
  ],
  groupLabels: { alertname: 'A' },
  commonLabels: {
    alertname: 'A',
    html: '<b>"x" & \'y\'</b>',
    url: 'javascript:alert(1)',
    path: 'a b/c?d=e&f+g',
    n: '5',
  },
  commonAnnotations: {},
  externalURL: 'http://am/x',
} as const;

/** The same, as receivers' templates see it. */
function goData(): object {
  const [alert] = DATA.alerts;
  const startsAt = Date.parse(alert.startsAt);
  const notified = {
    ...alert,
    labels: Labels.from(alert.labels),
    annotations: Labels.from(alert.annotations),
    startsAt,
    endsAt: startsAt,
    updatedAt: startsAt,
    timeout: false,
  };
  const data = templateData(
    {
      groupKey: '',
      groupLabels: Labels.from(DATA.groupLabels),
      receiver: DATA.receiver,
      alerts: [notified],
      time: startsAt,
      reason: 'first notification',
      routeLabels: Labels.empty,
    },
    DATA.externalURL,
  );
  return templateValue({
    ...data,
    commonAnnotations: Labels.empty,
    notificationReason: '' as 'receiver test',
  });
}

/** What comes out of a template, or the message of its fault. */
export function ours(source: string, type: 'text' | 'html'): string {
  try {
    const template = new Template('', { missingKey: 'zero' })
      .funcs(alertmanagerFunctions(() => 0))
      .parse(source);
    return type === 'html' ? template.executeHtml(goData()) : template.execute(goData());
  } catch (error) {
    return (error as Error).message;
  }
}

/** One template per line. */
export function readCases(name: string): string[] {
  const text = readFileSync(new URL(`gotemplate/${name}.txt`, import.meta.url), 'utf8');
  return text.split('\n').filter((line) => line !== '');
}
