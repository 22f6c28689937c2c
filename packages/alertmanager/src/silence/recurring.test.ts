import { VirtualClock } from '@prunella/metrics/testing';
import { expect, test } from 'vitest';
import { memoryRecords } from '../store.ts';
import { RECURRING_ANNOTATION, RecurringSilences } from './recurring.ts';
import { silenceState } from './silence.ts';
import { Silences } from './silences.ts';

const MINUTE = 60_000;

test('a recurring silence is an ordinary one during each occurrence', async () => {
  // A Monday.
  const clock = new VirtualClock(Date.parse('2026-01-05T21:58:00Z'));
  const silences = new Silences({ clock, records: memoryRecords(), retention: 120 * 60 * MINUTE });
  const recurring = new RecurringSilences({ clock, records: memoryRecords(), silences });
  const { id } = await recurring.add({
    matchers: [{ name: 'job', value: 'backup', isRegex: false, isEqual: true }],
    intervals: [{ weekdays: ['monday:tuesday'], times: [{ start_time: '22:00', end_time: '22:30' }] }],
    createdBy: 'ada',
    comment: 'backup',
  });
  const active = (): string[] =>
    silences
      .all()
      .filter((silence) => silenceState(silence, clock.now()) === 'active')
      .map((silence) => new Date(silence.endsAt).toISOString());
  const minutes = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await clock.advance(MINUTE);
      await recurring.maintain();
    }
  };
  expect(active()).toEqual([]);
  await minutes(2);
  expect(active()).toEqual(['2026-01-05T22:30:00.000Z']);
  // Somebody ends it early: it does not come back before the next occurrence.
  const [silence] = silences.all();
  expect(silence?.annotations).toEqual({ [RECURRING_ANNOTATION]: id });
  await silences.expire(silence?.id ?? '');
  await minutes(60);
  expect(active()).toEqual([]);
  await minutes(24 * 60 - 60);
  expect(active()).toEqual(['2026-01-06T22:30:00.000Z']);
  expect(await recurring.remove(id)).toBe(true);
  expect(active()).toEqual([]);
  expect(await recurring.remove(id)).toBe(false);
});

test.each([
  [{ intervals: [] }, 'at least one interval required'],
  [{ intervals: [{ weekdays: ['noday'] }] }, 'noday is not a valid weekday'],
  [{ matchers: [] }, 'at least one matcher required'],
])('refuses %j', async (changes, message) => {
  const clock = new VirtualClock(0);
  const silences = new Silences({ clock, records: memoryRecords(), retention: 1 });
  const recurring = new RecurringSilences({ clock, records: memoryRecords(), silences });
  const matchers = [{ name: 'a', value: 'b', isRegex: false, isEqual: true }];
  const request = { matchers, intervals: [{}], createdBy: '', comment: '', ...changes };
  await expect(recurring.add(request)).rejects.toThrow(message);
});
