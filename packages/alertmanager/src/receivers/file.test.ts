import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deliverVia } from '../testing/deliver.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { alertLine, file } from './file.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'prunella-file-'));
});
afterEach(() => rm(directory, { recursive: true }));

const labels = { alertname: 'HighCpu', severity: 'critical', container: 'api', metric: 'cpu' };

describe('file', () => {
  test('appends a line per alert, and goes on in a new file when the log is rotated away', async () => {
    const alerts = [sampleAlert(labels, { value: '93.1', threshold: '90', summary: 'busy' })];
    const config = { path: 'logs/container_alerts.log' };
    const path = join(directory, config.path);
    expect(await deliverVia(file, config, sampleNotification({ alerts }), { directory })).toBe('1 line');
    await deliverVia(file, config, sampleNotification({ alerts }), { directory });
    const line =
      /^\S+Z CRITICAL container=api metric=cpu value=93.1 threshold=90 alert=HighCpu status=firing message=busy source=prunella$/;
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines).toEqual([expect.stringMatching(line), expect.stringMatching(line)]);
    await rename(path, `${path}.1`);
    await deliverVia(file, config, sampleNotification({ alerts }), { directory });
    expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toHaveLength(1);
  });

  test('jsonl: the body of the webhook, one message a line', async () => {
    await deliverVia(file, { path: 'a.jsonl', format: 'jsonl' }, sampleNotification(), { directory });
    const [line = ''] = (await readFile(join(directory, 'a.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(line)).toMatchObject({ version: '4', receiver: 'ops', status: 'firing' });
  });

  test('whatever an alert says stays on its line', () => {
    const alert = sampleAlert(
      { alertname: 'a b', severity: 'x' },
      { summary: 'one\ntwo "three"\u0085\u2028\u0000' },
    );
    expect(alertLine(alert)).toBe(
      'X container=- metric="a b" value=- threshold=- alert="a b" status=firing message="one\\ntwo \\"three\\"\\u0085\\u2028\\u0000"',
    );
  });

  test('a folder that cannot be written is worth another try', async () => {
    await expect(deliverVia(file, { path: '/dev/null/x' }, sampleNotification())).rejects.toMatchObject({
      retry: true,
    });
  });
});
