import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';

test('the example of the README runs and prints what it says', async () => {
  const folder = join(import.meta.dirname, '..');
  // Beside the package, so that the example finds it under its name.
  const dir = await mkdtemp(join(folder, '.readme-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const [, code] = /```ts\n([\s\S]*?)```/.exec(await readFile(join(folder, 'README.md'), 'utf8')) ?? [];
  expect(code).toContain("'data'");
  const file = join(dir, 'example.ts');
  await writeFile(file, code!.replaceAll("'data'", JSON.stringify(join(dir, 'data'))));
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  onTestFinished(() => log.mockRestore());
  await import(/* @vite-ignore */ file);
  expect(log.mock.calls).toEqual([
    ['up{job="api"}', expect.any(Float64Array), Float64Array.of(1, 1)],
    [0, []],
  ]);
});
