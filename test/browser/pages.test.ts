import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, launchBrowser, visitAllPages } from './visit.ts';

const ui = join(import.meta.dirname, '../../packages/ui');
const missing = hasChromium()
  ? existsSync(join(ui, 'dist/index.html'))
    ? ''
    : 'the pages are not built'
  : 'there is no chromium';

/** Starts the stand-in server of packages/ui/dev on a free port. */
async function startServer(): Promise<{ url: string; process: ChildProcess }> {
  const child = spawn(process.execPath, [join(ui, 'dev/server.js'), '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { url, process: child };
}

describe.skipIf(missing !== '')(
  `the pages in a browser${missing === '' ? '' : ` (skipped: ${missing})`}`,
  () => {
    let server: { url: string; process: ChildProcess };
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      server = await startServer();
      browser = await launchBrowser();
      page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    });
    afterAll(async () => {
      await browser?.close();
      server?.process.kill();
    });
    const open = async (path: string): Promise<void> => {
      await page.goto(server.url + path, { waitUntil: 'domcontentloaded' });
      await page.waitForSelector('h1');
    };

    test('every page at 1440 and 390 pixels: no errors, no sideways scrolling, nothing unwritten', async () => {
      const report = await visitAllPages(server.url);
      expect(report.problems).toEqual([]);
      expect(report.visited).toBeGreaterThan(30);
    }, 240_000);

    test('the first page needs less than 100 KB, compressed', async () => {
      const fresh = await browser.newContext();
      const first = await fresh.newPage();
      const loaded: Promise<number>[] = [];
      first.on('response', (response) => {
        const type = response.request().resourceType();
        if (['script', 'stylesheet', 'document'].includes(type))
          loaded.push(response.body().then((body) => gzipSync(body).length));
      });
      await first.goto(`${server.url}/`, { waitUntil: 'load' });
      await first.waitForSelector('.u-over');
      const total = (await Promise.all(loaded)).reduce((sum, size) => sum + size, 0);
      await fresh.close();
      expect(loaded.length).toBeGreaterThan(3);
      expect(total).toBeLessThan(100_000);
    });

    test('what comes from outside is text', async () => {
      for (const path of [
        '/alerts?tab=groups',
        '/notifications',
        '/notifications?tab=deliveries',
        '/silences',
        '/incidents/20261121T020000-1',
      ]) {
        await open(path);
        await page.waitForTimeout(300);
      }
      await open('/alerts?tab=groups');
      await page.waitForSelector('text=<img src=x onerror=alert(1)>');
      expect(
        await page.evaluate(() => [
          'hacked' in window,
          document.querySelector('main img, main script, main b > b'),
        ]),
      ).toEqual([false, null]);
    });

    test('dragging over a chart zooms, and the back button returns', async () => {
      await open('/d/rYdddlPWk?from=now-1h&to=now');
      const over = page.locator('.panel[data-type=timeseries] .u-over').first();
      await over.waitFor();
      const box = await over.boundingBox();
      if (!box) throw new Error('the chart has no size');
      await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 5 });
      await page.mouse.up();
      await page.waitForURL(/from=\d{13}&to=\d{13}/);
      const search = new URL(page.url()).searchParams;
      expect(Math.round((Number(search.get('to')) - Number(search.get('from'))) / 60_000)).toBe(18);
      await page.goBack();
      await page.waitForURL(/from=now-1h/);
    });

    test('a tooltip lists values, greatest first', async () => {
      await open('/explore?expr=process_resident_memory_bytes');
      const over = page.locator('.u-over').first();
      await over.waitFor();
      await over.hover({ position: { x: 300, y: 100 } });
      await page.waitForSelector('.tip-row');
      const values = (await page.locator('.tip-value').allTextContents()).map((text) =>
        Number.parseFloat(text),
      );
      expect(values.length).toBeGreaterThan(3);
      expect(values).toEqual([...values].sort((a, b) => b - a));
    });

    test('Explore completes metrics, labels and values, and shows an error under its place', async () => {
      await open('/explore');
      const editor = page.locator('.editor textarea');
      await editor.pressSequentially('http_req');
      await page.locator('.suggestions li', { hasText: 'http_requests_total' }).click();
      expect(await editor.inputValue()).toBe('http_requests_total');
      await editor.pressSequentially('{endp');
      await page.locator('.suggestions li', { hasText: 'endpoint' }).waitFor();
      await page.keyboard.press('Tab');
      await editor.pressSequentially('="/da');
      await page.locator('.suggestions li', { hasText: '/data' }).waitFor();
      await page.keyboard.press('Enter');
      await editor.pressSequentially('"}');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
      await page.waitForURL(/expr=http_requests_total/);
      expect(new URL(page.url()).searchParams.get('expr')).toBe('http_requests_total{endpoint="/data"}');
      await page.waitForSelector('.legend-table');
      await editor.fill('sum(up');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.query-error');
      expect(await page.locator('.query-error').textContent()).toMatch(/sum\(up\n {5}\^ parse error/);
    });

    test('a silence shows what it will match, is made, and can be ended', async () => {
      await open('/silences?new=1&match=alertname%3DAPIHighLatency');
      await page.getByText(/will be silenced/).waitFor();
      await page.getByLabel('By', { exact: true }).fill('ada');
      await page.getByLabel('Why').fill('a test of the page');
      await page.locator('dialog').getByRole('button', { name: 'Silence' }).click();
      const made = page.locator('.alert', { hasText: 'a test of the page' });
      await made.getByRole('button', { name: 'Expire' }).click();
      await page.locator('dialog').getByRole('button', { name: 'Expire' }).click();
      await page
        .locator('section', { hasText: 'Expired' })
        .locator('.alert', { hasText: 'a test of the page' })
        .waitFor();
    });

    test('without alerts the page says so in the words of Alertmanager', async () => {
      await page.route('**/api/v2/alerts/groups', (route) => route.fulfill({ json: [] }));
      await open('/alerts');
      await page.getByText('No alert groups found').waitFor();
      await page.unroute('**/api/v2/alerts/groups');
    });

    test('what the server tells of appears without a reload', async () => {
      await page.route('**/api/prunella/inbox*', (route) => route.fulfill({ json: { messages: [] } }));
      await open('/alerts?tab=inbox');
      await page.getByText('No messages yet').waitFor();
      await page.unroute('**/api/prunella/inbox*');
      await fetch(`${server.url}/dev/event/inbox`, { method: 'POST' });
      await page.locator('.message').first().waitFor();
    });

    test('a restart asks first', async () => {
      await open('/services');
      const asked: string[] = [];
      page.on(
        'request',
        (request) =>
          request.method() === 'POST' && request.url().includes('/restart') && asked.push(request.url()),
      );
      const card = page.locator('[aria-label="shop-api"]');
      await card.getByRole('button', { name: 'Restart' }).click();
      await page.keyboard.press('Escape');
      await page.locator('dialog').waitFor({ state: 'detached' });
      expect(asked).toEqual([]);
      await card.getByRole('button', { name: 'Restart' }).click();
      await page.locator('dialog').getByRole('button', { name: 'Restart shop-api' }).click();
      await page.waitForSelector('.toast');
      expect(asked).toHaveLength(1);
    });

    test('the keyboard: jumps, search, help, theme', async () => {
      await open('/');
      await page.keyboard.press('g');
      await page.keyboard.press('t');
      await page.waitForURL(/\/targets$/);
      await page.keyboard.press('/');
      await page.locator('.palette-input').fill('node exporter');
      await page.locator('.palette-list li', { hasText: 'Node Exporter Full' }).waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/d\/rYdddlPWk$/);
      await page.keyboard.press('?');
      await page.locator('dialog', { hasText: 'Keyboard' }).waitFor();
      await page.keyboard.press('Escape');
      await page.locator('dialog').waitFor({ state: 'detached' });
      await page.keyboard.press('T');
      expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('light');
      await page.keyboard.press('T');
    });
  },
);
