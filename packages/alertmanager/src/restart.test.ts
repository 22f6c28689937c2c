import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@prunella/metrics/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { harness, START, type Harness } from './testing/harness.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'prunella-am-'));
});
afterEach(() => rm(directory, { recursive: true }));

const CONFIG = `
route: {receiver: ops, group_wait: 10s, group_interval: 60s, repeat_interval: 1h}
receivers: [{name: ops, inbox_configs: [{}]}]
`;

/** Starts one on the same directory, at this many seconds. */
function restart(seconds: number): Promise<Harness> {
  return harness(CONFIG, { directory, clock: new VirtualClock(START + seconds * 1000) });
}

/** Journals are written on real disks, which the virtual clock does not wait for. */
async function wasTold({ told, notified }: Harness, ...expected: string[]): Promise<void> {
  if (expected.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  await expect.poll(() => [told, notified.length], { timeout: 10_000 }).toEqual([expected, expected.length]);
}

test('what fired before a restart is routed at once, and nobody is told twice', async () => {
  const first = await restart(0);
  await first.fire({ alertname: 'Told' }, { endsAt: undefined });
  await first.at(10);
  await wasTold(first, '10 ops firing Told');
  await first.am.stop();

  const second = await restart(15);
  await second.at(20);
  await wasTold(second);
  expect([...second.am.alerts()].map((alert) => alert.labels.get('alertname'))).toEqual(['Told']);
  // Nobody posts it any more: it counts as resolved when its grace is over.
  await second.at(315);
  await wasTold(second, '315 ops resolved -Told');
  await second.am.stop();
});

test('an alert that was not told of yet is told of after the restart', async () => {
  const first = await restart(0);
  await first.fire({ alertname: 'A' });
  await first.am.stop();
  const second = await restart(30);
  await second.at(30);
  await wasTold(second, '30 ops firing A');
  await second.am.stop();
});

test('what resolved but was not told of is told of as resolved', async () => {
  const first = await restart(0);
  await first.fire({ alertname: 'A' });
  await first.at(10);
  await wasTold(first, '10 ops firing A');
  await first.resolve({ alertname: 'A' });
  await first.am.stop();
  const second = await restart(30);
  await second.at(30);
  await wasTold(second, '30 ops resolved -A');
  await second.am.stop();
});

test('silences, acknowledgements, messages and history outlive the process', async () => {
  const first = await restart(0);
  await first.fire({ alertname: 'A' });
  await first.at(10);
  await wasTold(first, '10 ops firing A');
  const [alert] = first.am.alerts();
  const fingerprint = alert?.fingerprint ?? '';
  await first.am.acknowledge(fingerprint, 'ada', 'mine');
  const id = await first.am.silences.set({
    matchers: [{ name: 'alertname', value: 'B', isRegex: false, isEqual: true }],
    startsAt: START,
    endsAt: START + 3_600_000,
    createdBy: 'ada',
    comment: 'x',
  });
  await first.am.stop();
  const second = await restart(20);
  expect(second.am.silences.get(id)?.createdBy).toBe('ada');
  expect(second.am.acknowledgement(fingerprint)?.comment).toBe('mine');
  expect(second.am.inbox.newest(10).map((message) => message.title)).toEqual(['A']);
  expect(second.am.history.find({ limit: 10 }).map((record) => record.outcome)).toEqual(['delivered']);
  expect(second.am.alertHistory.find({ limit: 10 }).map((event) => event.status)).toEqual(['firing']);
  await second.am.stop();
});
