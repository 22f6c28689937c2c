import { describe, expect, test } from 'vitest';
import { readSettings, SettingsError } from './settings.ts';

describe('readSettings()', () => {
  test('has the defaults that the dashboards and rules count on', () => {
    const settings = readSettings({});
    expect([...settings.profiles]).toEqual(['s2', 's4', 's5']);
    expect(settings.collectionIntervalMs).toBe(10_000);
    expect(settings.durationBuckets).toEqual([0.1, 0.3, 0.5, 1, 2, 5, 10]);
    expect(settings.sizeBuckets).toEqual([100, 500, 1000, 5000, 10_000]);
  });

  test.each([
    ['10', 10_000],
    ['2.5', 2500],
    ['"15s"', 15_000],
    ['250ms', 250],
    ['1m', 60_000],
    ['', 10_000],
  ])('METRICS_COLLECTION_INTERVAL=%s is %d ms', (text, expected) => {
    expect(readSettings({ METRICS_COLLECTION_INTERVAL: text }).collectionIntervalMs).toBe(expected);
  });

  test.each([
    [
      { METRICS_DURATION_BUCKETS: '0.1,0.5,0.3' },
      /METRICS_DURATION_BUCKETS: bounds must increase, but 0.3 follows 0.5/,
    ],
    [{ METRICS_DURATION_BUCKETS: '0.1,0.1' }, /must increase/],
    [{ METRICS_SIZE_BUCKETS: '10,,20' }, /METRICS_SIZE_BUCKETS: bound 2 is not a number/],
    [{ METRICS_PROFILES: 's2,s3' }, /unknown profile "s3", expected s2, s4, s5/],
    [{ METRICS_COLLECTION_INTERVAL: '0' }, /METRICS_COLLECTION_INTERVAL/],
    [{ METRICS_COLLECTION_INTERVAL: 'often' }, /METRICS_COLLECTION_INTERVAL/],
  ])('%j is refused', (env, message) => {
    expect(() => readSettings(env)).toThrow(message);
    expect(() => readSettings(env)).toThrow(SettingsError);
  });

  test('what the code says wins', () => {
    const settings = readSettings(
      { METRICS_PROFILES: 's2', METRICS_DURATION_BUCKETS: '1,2' },
      { profiles: ['s5'], durationBuckets: [3, 4] },
    );
    expect([...settings.profiles]).toEqual(['s5']);
    expect(settings.durationBuckets).toEqual([3, 4]);
  });
});
