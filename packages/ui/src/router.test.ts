import { afterAll, describe, expect, test, vi } from 'vitest';

// The router reads the address when it is loaded; tests have no browser.
vi.stubGlobal('window', { location: { pathname: '/', search: '' } });
const { match } = await import('./router.ts');
afterAll(() => vi.unstubAllGlobals());

describe('match()', () => {
  const cases: [string, string, Record<string, string> | undefined][] = [
    ['/', '/', {}],
    ['/alerts', '/alerts', {}],
    ['/alerts', '/alerts/', {}],
    ['/alerts', '/silences', undefined],
    ['/d/:uid', '/d/shop', { uid: 'shop' }],
    ['/d/:uid', '/d/a%20b', { uid: 'a b' }],
    ['/d/:uid', '/d/50%', { uid: '50%' }],
    ['/d/:uid', '/d', undefined],
    ['/d/:uid', '/d/a/b', undefined],
  ];
  for (const [pattern, path, want] of cases) {
    test(`${pattern} against ${path}`, () => expect(match(pattern, path)).toEqual(want));
  }
});
