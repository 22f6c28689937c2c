/** The pages of the Alertmanager in a browser: whatever alerts say, and however many there are. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasChromium, launchBrowser } from './visit.ts';

const ui = join(import.meta.dirname, '../../packages/ui');
const missing = hasChromium()
  ? existsSync(join(ui, 'dist/index.html'))
    ? ''
    : 'the pages are not built'
  : 'there is no chromium';

const NASTY =
  '<img src=x onerror="window.hit=1"><script>window.hit=1</script>{{ .ExternalURL }}${1}\r\nline two\u0007\u202eא🙂\ud800"\'\\';
const TIME = '2026-01-05T12:00:00.000Z';
const LABELS = { alertname: NASTY, severity: NASTY, [NASTY]: NASTY, long: 'x'.repeat(500) };
const ANNOTATIONS = { summary: NASTY, runbook_url: 'javascript:window.hit=1' };

interface Alert {
  readonly labels: Record<string, string>;
  readonly state?: string;
}

const alert = ({ labels, state = 'active' }: Alert, i = 0): object => ({
  fingerprint: `f${i}`,
  labels,
  annotations: ANNOTATIONS,
  startsAt: TIME,
  endsAt: TIME,
  generatorURL: 'javascript:window.hit=1',
  status: { state, silencedBy: state === 'active' ? [] : ['s1'], inhibitedBy: [] },
  receivers: [{ name: NASTY }],
});
const silence = {
  id: 's1',
  status: { state: 'active' },
  matchers: [{ name: NASTY, value: NASTY, isRegex: false, isEqual: true }],
  startsAt: TIME,
  endsAt: '2036-01-05T12:00:00.000Z',
  createdBy: NASTY,
  comment: NASTY,
};
const message = {
  id: 'm1',
  time: TIME,
  receiver: NASTY,
  status: 'firing',
  title: NASTY,
  text: NASTY,
  alerts: [{ status: 'firing', labels: LABELS, annotations: ANNOTATIONS, startsAt: TIME }],
};
const notification = {
  id: 'n1',
  time: TIME,
  receiver: NASTY,
  integration: 'webhook[0]',
  groupLabels: LABELS,
  status: 'firing',
  reason: 'first notification',
  outcome: 'failed',
  error: NASTY,
  attempts: [{ time: TIME, durationMs: 3, error: NASTY }],
  alertCount: 1,
  alerts: [{ status: 'firing', labels: LABELS }],
};
const HOSTILE: Readonly<Record<string, unknown>> = {
  '**/api/v2/alerts/groups': [
    { labels: LABELS, receiver: { name: NASTY }, alerts: [alert({ labels: LABELS })] },
  ],
  '**/api/v2/alerts?*': [alert({ labels: LABELS })],
  '**/api/v2/silences': [silence],
  '**/api/prunella/inbox*': { messages: [message] },
  '**/api/prunella/notifications*': { notifications: [notification] },
  '**/api/prunella/receivers': [
    {
      name: NASTY,
      fallback: NASTY,
      integrations: [{ name: 'webhook[0]', sendResolved: true }],
      last: notification,
    },
  ],
};

describe.skipIf(missing !== '')(
  `alerts, silences, notifications, receivers in a browser${missing === '' ? '' : ` (skipped: ${missing})`}`,
  () => {
    let server: ChildProcess;
    let url: string;
    let browser: Browser;
    let page: Page;
    beforeAll(async () => {
      server = spawn(process.execPath, [join(ui, 'dev/server.js'), '0'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      url = await new Promise<string>((resolve, reject) => {
        server.stdout?.on('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
        server.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
      });
      browser = await launchBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      server?.kill();
    });
    beforeEach(async () => {
      page = await browser.newPage({ viewport: { width: 390, height: 900 } });
    });
    afterEach(() => page.close());
    const answer = async (routes: Readonly<Record<string, unknown>>): Promise<void> => {
      for (const [pattern, json] of Object.entries(routes))
        await page.route(pattern, (route) => route.fulfill({ json }));
    };
    const open = async (path: string): Promise<void> => {
      await page.goto(url + path, { waitUntil: 'domcontentloaded' });
      await page.waitForSelector('h1');
    };

    test.each([
      '/alerts',
      '/alerts?tab=inbox',
      '/silences',
      `/silences?new=1&match=${encodeURIComponent(`alertname=${JSON.stringify(NASTY)}`)}`,
      '/notifications',
      '/notifications?tab=deliveries',
      '/receivers',
    ])('%s shows as text whatever an alert says', async (path) => {
      const problems: string[] = [];
      page.on('dialog', (dialog) => {
        problems.push(`dialog ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('pageerror', (error) => problems.push(error.message));
      await answer(HOSTILE);
      await open(path);
      await page.locator('.card, .message, dialog', { hasText: 'onerror="window.hit=1"' }).first().waitFor();
      for (const details of await page.locator('details').all())
        await details.evaluate((element) => element.setAttribute('open', ''));
      const seen = await page.evaluate(() => ({
        hit: 'hit' in window,
        images: document.querySelectorAll('img[src="x"]').length,
        links: [...document.querySelectorAll('a')].filter((a) => a.protocol === 'javascript:').length,
        wider: document.documentElement.scrollWidth > window.innerWidth,
        text: document.body.textContent,
      }));
      expect(seen).toMatchObject({ hit: false, images: 0, links: 0, wider: false });
      expect(seen.text).toContain('{{ .ExternalURL }}${1}');
      expect(problems).toEqual([]);
    });

    test('5,000 alerts are there at once, and can be narrowed down', async () => {
      const groups = Array.from({ length: 1000 }, (_, group) => ({
        labels: { alertname: `A${group}` },
        receiver: { name: group % 2 === 0 ? 'ops' : 'team.db' },
        alerts: Array.from({ length: 5 }, (__, i) =>
          alert(
            {
              labels: {
                alertname: `A${group}`,
                instance: `host${i}`,
                severity: i === 0 ? 'critical' : 'info',
              },
              state: i === 4 ? 'suppressed' : 'active',
            },
            group * 5 + i,
          ),
        ),
      }));
      await answer({ '**/api/v2/alerts/groups': groups });
      const started = performance.now();
      await open('/alerts');
      await page.locator('.alert').first().waitFor();
      expect(performance.now() - started).toBeLessThan(6000);
      expect(await page.locator('.card').count()).toBeLessThan(50);
      await page.getByRole('button', { name: '970 more groups' }).click();
      await page.getByRole('button', { name: '870 more groups' }).waitFor();
      await page.getByLabel('Filter alerts').fill('alertname=~"A1|A2", severity=critical');
      await expect.poll(() => page.locator('.alert').count()).toBe(2);
      // A message's link quotes the name of its receiver as for a regular expression.
      await open(
        `/alerts?receiver=${encodeURIComponent('team\\.db')}&filter=${encodeURIComponent('A1')}&state=silenced`,
      );
      await expect.poll(() => page.locator('.alert .badge').first().textContent()).toBe('silenced');
      expect(await page.getByLabel('Receiver').inputValue()).toBe('team.db');
      await page.getByLabel('Filter alerts').fill('nothing like it');
      await page.getByText('No alert groups found').waitFor();
      await page.getByLabel('Filter alerts').fill('alertname=~"("');
      await page.getByText('is not a regular expression').waitFor();
    });

    test('a receiver is tested with firing and resolved, and the answers are shown', async () => {
      const bodies: unknown[] = [];
      await page.route('**/api/prunella/receivers', (route) =>
        route.fulfill({
          json: [{ name: 'ops', integrations: [{ name: 'webhook[0]', sendResolved: true }] }],
        }),
      );
      await page.route('**/api/prunella/receivers/ops/test', (route) => {
        bodies.push(route.request().postDataJSON());
        const result = { integration: 'webhook[0]', durationMs: 12 };
        return route.fulfill({
          json: {
            results: [
              { ...result, status: 'firing', ok: true, answer: '200 thanks' },
              { ...result, status: 'resolved', ok: false, answer: 'unexpected status code 500: why' },
            ],
          },
        });
      });
      await open('/receivers');
      await page.getByRole('button', { name: 'Test firing and resolved' }).click();
      await page.locator('dialog').getByRole('button', { name: 'Send the test' }).click();
      await page.getByText('200 thanks').waitFor();
      await page.getByText('unexpected status code 500: why').waitFor();
      expect(bodies).toEqual([{ resolve: true }]);
      expect(await page.locator('.alert .badge').allTextContents()).toEqual(['accepted', 'refused']);
    });
  },
);
