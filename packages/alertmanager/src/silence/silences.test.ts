import { Labels } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { fingerprint } from '../fingerprint.ts';
import { memoryRecords } from '../store.ts';
import { silenceState, type SilenceMatcher, type SilenceRequest } from './silence.ts';
import { Silences } from './silences.ts';

const HOUR = 3_600_000;
let clock: VirtualClock;
let silences: Silences;
beforeEach(() => {
  clock = new VirtualClock(1000 * HOUR);
  silences = new Silences({ clock, records: memoryRecords(), retention: 120 * HOUR });
});

const matcher = (changes: Partial<SilenceMatcher> = {}): SilenceMatcher => ({
  name: 'job',
  value: 'a',
  isRegex: false,
  isEqual: true,
  ...changes,
});

const request = (changes: Partial<SilenceRequest> = {}): SilenceRequest => ({
  matchers: [matcher()],
  startsAt: clock.now(),
  endsAt: clock.now() + HOUR,
  createdBy: 'ada',
  comment: 'maintenance',
  ...changes,
});

const silencing = (labels: Record<string, string>): string[] => {
  const set = Labels.from(labels);
  return silences.silencing({ labels: set, fingerprint: fingerprint(set) });
};

const state = (id: string): string | undefined => {
  const silence = silences.get(id);
  return silence && silenceState(silence, clock.now());
};

describe('Silences', () => {
  test('mutes what matches, from its start to its end', async () => {
    const id = await silences.set(request({ startsAt: clock.now() + 1000 }));
    expect([state(id), silencing({ job: 'a' })]).toEqual(['pending', []]);
    await clock.advance(1000);
    expect([state(id), silencing({ job: 'a' }), silencing({ job: 'b' })]).toEqual(['active', [id], []]);
    await clock.advance(HOUR);
    expect([state(id), silencing({ job: 'a' })]).toEqual(['expired', []]);
  });

  test('a start in the past becomes now', async () => {
    const id = await silences.set(request({ startsAt: clock.now() - HOUR }));
    expect(silences.get(id)?.startsAt).toBe(clock.now());
  });

  test('the same matchers: edited in place; others: a new one takes over', async () => {
    const id = await silences.set(request());
    const edited = await silences.set(request({ id, endsAt: clock.now() + 2 * HOUR, comment: 'longer' }));
    expect([edited, silences.get(id)?.comment]).toEqual([id, 'longer']);
    const other = await silences.set(request({ id, matchers: [matcher({ value: 'b' })] }));
    expect(other).not.toBe(id);
    expect([state(id), state(other)]).toEqual(['expired', 'active']);
    expect(silencing({ job: 'a' })).toEqual([]);
  });

  test('an expired silence is not revived: a new one comes', async () => {
    const id = await silences.set(request());
    await silences.expire(id);
    await silences.expire(id);
    const other = await silences.set(request({ id }));
    expect(other).not.toBe(id);
    expect(state(other)).toBe('active');
  });

  test('is forgotten only after the retention', async () => {
    const id = await silences.set(request());
    await clock.advance(HOUR + 120 * HOUR);
    await silences.maintain();
    expect(state(id)).toBe('expired');
    await clock.advance(1);
    await silences.maintain();
    expect(silences.get(id)).toBeUndefined();
  });

  test.each<[string, Partial<SilenceRequest>, string]>([
    ['no matchers', { matchers: [] }, 'at least one matcher required'],
    [
      'matchers that match nothing too',
      { matchers: [matcher({ value: '' })] },
      'must not match the empty string',
    ],
    [
      'a regex for everything',
      { matchers: [matcher({ value: '.*', isRegex: true })] },
      'must not match the empty',
    ],
    ['a broken regex', { matchers: [matcher({ value: '(', isRegex: true })] }, 'invalid label matcher 0'],
    ['no label name', { matchers: [matcher({ name: '' })] }, 'invalid label name'],
    ['an end before its start', { endsAt: 5 }, 'end time must not be before start time'],
    ['an unknown id', { id: 'nope' }, 'silence not found'],
  ])('refuses %s', async (_, changes, message) => {
    await expect(silences.set(request(changes))).rejects.toThrow(message);
  });

  test('keeps to its limits', async () => {
    silences = new Silences({
      clock,
      records: memoryRecords(),
      retention: HOUR,
      maxSilences: 1,
      maxBytes: 300,
    });
    await silences.set(request());
    await expect(silences.set(request())).rejects.toThrow('exceeded maximum number of silences: 1');
    await expect(silences.set(request({ comment: 'x'.repeat(300) }))).rejects.toThrow(
      'exceeded maximum size',
    );
  });
});
