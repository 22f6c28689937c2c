import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Where the browser is; a browser test without one is skipped. */
export const chromiumPath: string = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

export function hasChromium(): boolean {
  return existsSync(chromiumPath);
}

export interface VisitOptions {
  /** Window widths in pixels. @default [1440, 390] */
  widths?: number[];
  /** @default ['dark'] */
  themes?: ('dark' | 'light')[];
  /** Where screenshots go, `<page>-<width>-<theme>.png`; none without. */
  outDir?: string;
  /** More addresses than those of the navigation, e.g. `/d/shop`. */
  paths?: string[];
  /** How long a page may take to become quiet, ms. @default 2500 */
  settleMs?: number;
}

export interface PageProblem {
  path: string;
  width: number;
  theme: string;
  problem: string;
}

export interface VisitReport {
  visited: number;
  problems: PageProblem[];
}

const pagePaths = [
  '/',
  '/dashboards',
  '/explore?expr=up',
  '/explore?expr=up&tab=table',
  '/alerts',
  '/alerts?tab=rules',
  '/alerts?tab=inbox',
  '/silences',
  '/silences?new=1',
  '/notifications',
  '/receivers',
  '/incidents',
  '/services',
  '/targets',
  '/status',
];

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
}

async function listed(baseUrl: string, path: string, read: (body: unknown) => string[]): Promise<string[]> {
  try {
    const response = await fetch(baseUrl + path);
    return response.ok ? read(await response.json()) : [];
  } catch {
    return [];
  }
}

function textOf(value: unknown, key: string): string[] {
  const text = (value as Record<string, unknown> | undefined)?.[key];
  return typeof text === 'string' ? [text] : [];
}

/** The pages that the server itself names: every dashboard, and the newest incident. */
async function namedPages(baseUrl: string): Promise<string[]> {
  const boards = await listed(baseUrl, '/api/prunella/dashboards', (body) =>
    Array.isArray(body) ? body.flatMap((entry) => textOf(entry, 'uid')) : [],
  );
  const incidents = await listed(baseUrl, '/api/prunella/incidents?limit=1', (body) => {
    const found = (body as { incidents?: unknown[] }).incidents ?? [];
    return found.flatMap((entry) => textOf(entry, 'id'));
  });
  return [
    ...boards.map((uid) => `/d/${encodeURIComponent(uid)}`),
    ...incidents.map((id) => `/incidents/${encodeURIComponent(id)}`),
  ];
}

/** What a reader must never see: text that a program forgot to write. */
const forbidden = [
  '[object Object]',
  'undefined',
  'NaN%',
  'Invalid Date',
  'This page has failed',
  'This panel failed',
  'are not drawn here',
];

async function inspect(page: Page): Promise<string[]> {
  const { text, overflow } = await page.evaluate(() => {
    const root = document.documentElement;
    const wide = root.scrollWidth - root.clientWidth;
    const widest =
      wide <= 1
        ? ''
        : [...document.querySelectorAll('body *')]
            .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
            .map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''}`)[0];
    return {
      text: document.body.innerText,
      overflow: wide > 1 ? `scrolls sideways by ${wide} px (${widest ?? '?'})` : '',
    };
  });
  const unnamed = await page.evaluate(() => {
    const name = (element: Element): string =>
      (element.getAttribute('aria-label') ?? element.getAttribute('title') ?? '') +
      (element.textContent ?? '') +
      ((element as HTMLInputElement).labels?.length ? 'labelled' : '');
    return [...document.querySelectorAll('button, a[href], input, select, textarea')]
      .filter((element) => name(element).trim() === '')
      .map((element) => element.outerHTML.slice(0, 120));
  });
  const problems = forbidden
    .filter((word) => (word === 'undefined' ? /(^|[\s:=(])undefined\b/.test(text) : text.includes(word)))
    .map((word) => `shows “${word}”`);
  problems.push(...unnamed.slice(0, 3).map((html) => `has a control without a name: ${html}`));
  if (overflow !== '') problems.push(overflow);
  if (text.trim().length < 20) problems.push('is empty');
  return problems;
}

/** Waits until panels have loaded, or the time is over: live pages never become idle. */
async function settle(page: Page, settleMs: number): Promise<void> {
  await page.waitForSelector('main *', { timeout: 10_000 });
  await page
    .waitForFunction(() => document.querySelector('.loading, .spinner') === null, undefined, {
      timeout: settleMs,
    })
    .catch(() => undefined);
  await page.waitForTimeout(250);
}

/** A refusal that the page shows to its reader is no error of the page. */
function isExpected(text: string): boolean {
  return /status of (400|422)/.test(text);
}

interface Tour {
  baseUrl: string;
  paths: string[];
  width: number;
  theme: 'dark' | 'light';
  options: VisitOptions;
}

function fileName(path: string): string {
  return (
    path
      .replace(/[^\w]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60) || 'overview'
  );
}

/** One window of one width and theme through all pages. */
async function tour(
  browser: Browser,
  { baseUrl, paths, width, theme, options }: Tour,
  report: VisitReport,
): Promise<void> {
  const phone = width < 600;
  const viewport = { width, height: 900 };
  const context = await browser.newContext({
    viewport,
    colorScheme: theme,
    isMobile: phone,
    hasTouch: phone,
  });
  const page = await context.newPage();
  let path = '';
  const add = (problem: string): void => void report.problems.push({ path, width, theme, problem });
  page.on('console', (message) => {
    if (message.type() === 'error' && !isExpected(message.text())) add(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => add(`throws: ${error.message}`));
  for (path of paths) {
    await page.goto(baseUrl + path, { waitUntil: 'domcontentloaded' });
    await settle(page, options.settleMs ?? 2500);
    for (const problem of await inspect(page)) add(problem);
    if (options.outDir !== undefined) {
      await page.screenshot({ path: join(options.outDir, `${fileName(path)}-${width}-${theme}.png`) });
    }
    report.visited++;
  }
  await context.close();
}

/**
 * Opens every page of a running server at each width and theme and looks for console errors, failed scripts,
 * sideways scrolling of the page, and text such as “[object Object]”. Throws nothing for these: see `problems`.
 */
export async function visitAllPages(baseUrl: string, options: VisitOptions = {}): Promise<VisitReport> {
  const { widths = [1440, 390], themes = ['dark'] } = options;
  if (options.outDir !== undefined) await mkdir(options.outDir, { recursive: true });
  const paths = [...pagePaths, ...(await namedPages(baseUrl)), ...(options.paths ?? [])];
  const browser = await launchBrowser();
  const report: VisitReport = { visited: 0, problems: [] };
  try {
    for (const theme of themes) {
      for (const width of widths) await tour(browser, { baseUrl, paths, width, theme, options }, report);
    }
  } finally {
    await browser.close();
  }
  return report;
}
