import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runScript } from '@prunella/promql';
import { root } from '../acceptance/demo.ts';

const folder = join(root, '../shared/conformance/promql');

/** Cases in upstream’s own scripts: every one must pass. */
const CASES: Readonly<Record<string, number>> = {
  'aggregators.test': 128,
  'at_modifier.test': 78,
  'collision.test': 2,
  'duration_expression.test': 59,
  'extended_vectors.test': 135,
  'fill-modifier.test': 46,
  'functions.test': 345,
  'histograms.test': 148,
  'literals.test': 25,
  'name_label_dropping.test': 30,
  'native_histograms.test': 418,
  'range_queries.test': 18,
  'selectors.test': 31,
  'staleness.test': 17,
  'start_timestamps.test': 26,
  'trig_functions.test': 19,
  'type_and_unit.test': 58,
};

describe.skipIf(!existsSync(folder))('upstream’s PromQL scripts (skipped without ../shared)', () => {
  test.each(Object.entries(CASES))('%s', async (file, cases) => {
    const { passed, failures } = await runScript(readFileSync(join(folder, file), 'utf8'));
    expect(failures).toEqual([]);
    expect(passed).toBe(cases);
  });

  test('every script is run', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.test'));
    expect(Object.keys(CASES).sort()).toEqual(files.sort());
  });
});
