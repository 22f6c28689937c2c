import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@prunella/metrics/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { alertLine } from '../receivers/file.ts';
import { harness, START, type Harness } from '../testing/harness.ts';
import { sampleAlert } from '../testing/samples.ts';
import { OWN_MARK, parseAlertLine } from './line.ts';

describe('parseAlertLine()', () => {
  test.each([
    [
      '2026-01-05T12:00:00Z CRITICAL container=api metric=cpu value=93 threshold=40',
      { alertname: 'cpu', severity: 'critical', container: 'api', metric: 'cpu' },
      'cpu is 93, the threshold is 40.',
    ],
    [
      '2026-01-05 12:00:00,123 - WARNING - disk is almost full',
      { alertname: 'AlertLogEntry', severity: 'warning', text: 'disk is almost full' },
      'disk is almost full',
    ],
    [
      '[2026-01-05 12:00:00] ERROR alert=DbDown instance="db 1" message="no \\"answer\\""',
      { alertname: 'DbDown', severity: 'critical', instance: 'db 1' },
      'no "answer"',
    ],
  ])('%s', (line, labels, description) => {
    const entry = parseAlertLine(line);
    expect(entry?.labels.toObject()).toEqual(labels);
    expect(entry?.annotations['description']).toBe(description);
  });

  test.each([
    '',
    'all is well',
    '2026-01-05T12:00:00Z INFO container=api',
    'CRITICAL status=resolved alert=x',
  ])('%j is no alert', (line) => {
    expect(parseAlertLine(line)).toBeUndefined();
  });

  test('what our own file receiver writes is read back, but for its mark', () => {
    const line = alertLine(
      sampleAlert({ alertname: 'HighCpu', severity: 'warning', container: 'c' }, { summary: 'a "b"\nc' }),
    );
    expect(parseAlertLine(line)).toMatchObject({ annotations: { description: 'a "b"\nc' } });
    expect(parseAlertLine(`${line} ${OWN_MARK}`)).toBeUndefined();
  });
});

describe('alert_logs', () => {
  let directory: string;
  let log: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'prunella-alertlog-'));
    log = join(directory, 'a.log');
  });
  let running: Harness | undefined;
  afterEach(async () => {
    await running?.am.stop();
    await rm(directory, { recursive: true });
  });

  const start = async (seconds = 0): Promise<Harness> => {
    running = await harness(
      `
route: {receiver: ops, group_wait: 0s, group_interval: 10s, group_by: ['...']}
receivers: [{name: ops, inbox_configs: [{}]}]
alert_logs: [{path: ${log}, interval: 30s, hold: 1h}]`,
      { directory: join(directory, 'data'), clock: new VirtualClock(START + seconds * 1000) },
    );
    return running;
  };
  const disk = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));
  /** What is told at this look. @param count the disk takes its time: so many messages are waited for */
  const look = async (h: Harness, seconds: number, count = 0): Promise<string[]> => {
    await h.at(seconds);
    await disk();
    for (let turns = 1; turns < 100 && (turns < 2 || h.messages.length < count); turns++) {
      await h.at(seconds + turns / 1000);
      await disk();
    }
    return h.messages
      .splice(0)
      .map(({ alerts }) =>
        alerts.map(({ labels, annotations }) => `${labels['alertname']}${annotations['count'] ?? ''}`).join(),
      );
  };

  test('new lines become alerts at the next look; old ones, and those of before a restart, do not', async () => {
    await writeFile(log, 'CRITICAL alert=Old container=a\n');
    const h = await start();
    expect(await look(h, 1)).toEqual([]);
    await appendFile(log, 'CRITICAL alert=New container=a\nCRITICAL alert=Half');
    expect(await look(h, 29)).toEqual([]);
    expect(await look(h, 31, 1)).toEqual(['New']);
    await h.am.stop();

    await appendFile(log, ' container=b\n');
    const again = await start(40);
    expect(await look(again, 41, 1)).toEqual(['Half']);
  });

  test('equal lines are counted, and a rotated log is read to its end', async () => {
    await writeFile(log, '');
    const h = await start();
    await look(h, 1);
    await appendFile(log, 'CRITICAL alert=Same container=a\n'.repeat(20));
    expect(await look(h, 31, 1)).toEqual(['Same20']);
    await appendFile(log, 'CRITICAL alert=Last container=a\n');
    await rename(log, `${log}.1`);
    await writeFile(log, 'CRITICAL alert=First container=a\n');
    expect((await look(h, 62, 2)).sort()).toEqual(['First', 'Last']);
  });

  test('a log that does not exist yet is read from its beginning', async () => {
    const h = await start();
    await look(h, 1);
    await writeFile(log, 'CRITICAL alert=First container=a\n');
    expect(await look(h, 31, 1)).toEqual(['First']);
  });
});
