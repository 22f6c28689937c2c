import { Registry } from 'prom-client';
import { expect, test, vi } from 'vitest';
import { harness, START } from './testing/harness.ts';
import { openSink } from './testing/sink.ts';

test('the metrics that dashboards of Alertmanager use', async () => {
  const registry = new Registry();
  const h = await harness(
    `
route: {receiver: ops, group_wait: 1s}
receivers: [{name: ops, inbox_configs: [{}]}]`,
    { registry },
  );
  await h.am.silences.set({
    matchers: [{ name: 'alertname', value: 'B', isRegex: false, isEqual: true }],
    startsAt: START,
    endsAt: START + 1000_000,
    createdBy: '',
    comment: '',
  });
  await h.fire({ alertname: 'A' });
  await h.fire({ alertname: 'B' });
  await h.at(1);
  const text = await registry.metrics();
  for (const line of [
    'alertmanager_alerts{state="active"} 1',
    'alertmanager_alerts{state="suppressed"} 1',
    'alertmanager_alerts_received_total{status="firing",version="v2"} 2',
    'alertmanager_notifications_total{integration="inbox",receiver_name="ops"} 1',
    'alertmanager_notifications_suppressed_total{reason="silence"} 1',
    'alertmanager_silences{state="active"} 1',
    'alertmanager_config_last_reload_successful 1',
    'alertmanager_dispatcher_aggregation_groups 1',
    'alertmanager_integrations 1',
    'alertmanager_inhibition_rules 0',
    'alertmanager_nflog_state_size 1',
    'alertmanager_nflog_queries_total 1',
    'alertmanager_silences_state_size 1',
  ]) {
    expect(text).toContain(line);
  }
  await h.at(60);
  await h.am.stop();
  expect(await registry.metrics()).toContain('alertmanager_silences_maintenance_total 1');
  h.am.reloadFailed();
  expect(await registry.metrics()).toContain('alertmanager_config_last_reload_successful 0');
});

test.each([
  [404, 'clientError'],
  [503, 'serverError'],
])('a receiver that answers %d: %s', async (status, reason) => {
  const registry = new Registry();
  const sink = await openSink();
  sink.answer = (response) => response.writeHead(status).end();
  const h = await harness(
    `
route: {receiver: ops, group_wait: 1s, group_interval: 1s}
receivers: [{name: ops, webhook_configs: [{url: ${sink.url}}]}]`,
    { registry },
  );
  await h.fire({ alertname: 'A' });
  await h.at(1);
  await vi.waitFor(() => expect(sink.requests).not.toEqual([]));
  await h.am.stop();
  expect(await registry.metrics()).toContain(
    `alertmanager_notifications_failed_total{integration="webhook",receiver_name="ops",reason="${reason}"} 1`,
  );
  sink.close();
});
