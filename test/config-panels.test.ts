import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Demo, program, root } from './acceptance/demo.ts';

const folder = join(root, 'config/dashboards');
const built = existsSync(join(root, 'packages/cli/dist/main.js')) && existsSync(program);

interface Dashboard {
  readonly title: string;
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { query: string } }[];
  };
}

const dashboards = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard);

/** With every variable at "All". */
const interpolated = (expr: string): string =>
  expr
    .replaceAll('$__rate_interval', '20s')
    .replaceAll('$__range', '15m')
    .replace(/\$[a-z_]+/g, '.*');

/** They tell of the machine that the tests run on, which may well be busy. */
const OF_THE_HOST = new Set([
  'CPUHigh',
  'HighCPUUsage',
  'HighMemoryUsage',
  'ContainerHighCPU',
  'HighProcessCPU',
]);

describe.skipIf(!built)('the quiet demo, a minute after its start (needs a build)', () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = await Demo.start();
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }, 120_000);
  afterAll(async () => {
    await demo?.stop();
    demo?.remove();
  });

  test.each(dashboards)('every panel of $title has data', async ({ panels }) => {
    const empty: string[] = [];
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) {
        const samples = await demo.query(interpolated(expr));
        if (!samples.some(({ value }) => value[1] !== 'NaN')) empty.push(`${title}: ${expr}`);
      }
    }
    expect(empty).toEqual([]);
  });

  test.each(dashboards)('every variable of $title has values', async ({ templating }) => {
    for (const { name, query } of templating.list) {
      const [, selector, label] =
        /^label_values\((.*), (\w+)\)$/.exec(typeof query === 'string' ? query : query.query) ?? [];
      if (selector !== undefined)
        expect(await demo.query(`count by (${label}) (${selector})`), name).not.toEqual([]);
    }
  });

  test('no alert of the shop fires', async () => {
    const firing = await demo.query('ALERTS{alertstate="firing"}');
    expect(
      firing.map(({ metric }) => metric['alertname'] ?? '').filter((name) => !OF_THE_HOST.has(name)),
    ).toEqual([]);
  });

  test('the thresholds of a quiet service are left out for the demo’s own traffic, not lost', async () => {
    expect(await demo.query('60 * rate(app_http_requests_total{traffic="synthetic"}[1m]) > 10')).not.toEqual(
      [],
    );
    expect(await demo.query('app_http_requests_total{traffic!="synthetic"}')).toEqual([]);
  });
});
