import { describe, expect, test } from 'vitest';
import { harness } from './testing/harness.ts';
import { openSink } from './testing/sink.ts';

const CONFIG = `
route: {receiver: ops, group_wait: 0s, group_interval: 10s}
receivers: [{name: ops, inbox_configs: [{}]}]
`;

describe('watchdogs', () => {
  test('raise an alert when the expected one stays away, and resolve it when it is back', async () => {
    const h = await harness(`${CONFIG}
watchdogs: [{name: prometheus, matchers: [alertname=Watchdog], timeout: 2m, labels: {team: infra}}]`);
    await h.at(60);
    await h.fire({ alertname: 'Watchdog' });
    await h.at(175);
    expect(h.told).toEqual(['60 ops firing Watchdog']);
    await h.at(200);
    expect(h.told.at(-1)).toBe('190 ops firing Watchdog,WatchdogMissing');
    expect(h.messages.at(-1)?.alerts[1]?.labels).toEqual({
      alertname: 'WatchdogMissing',
      severity: 'critical',
      team: 'infra',
      watchdog: 'prometheus',
    });
    await h.fire({ alertname: 'Watchdog' });
    await h.at(220);
    expect(h.told.at(-1)).toBe('210 ops firing Watchdog,-WatchdogMissing');
  });
});

describe('heartbeats', () => {
  test('are requested every interval', async () => {
    const sink = await openSink();
    const h = await harness(`${CONFIG}\nheartbeats: [{url: '${sink.url}/ping', interval: 1m}]`);
    await h.at(59);
    expect(sink.requests).toHaveLength(0);
    await h.at(60);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sink.requests.map((request) => request.path)).toEqual(['/ping']);
    await h.am.stop();
    sink.close();
  });
});
