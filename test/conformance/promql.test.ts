import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runScript } from '@prunella/promql';
import { root } from '../acceptance/demo.ts';

const folder = join(root, '../shared/conformance/promql');

/**
 * Cases of upstream’s own scripts that pass, of all there are. What is left: see the last section of the package’s README.
 */
const PASSING: Readonly<Record<string, readonly [passing: number, all: number]>> = {
  'aggregators.test': [127, 128],
  'at_modifier.test': [78, 78],
  'collision.test': [2, 2],
  'duration_expression.test': [59, 59],
  'extended_vectors.test': [135, 135],
  'fill-modifier.test': [46, 46],
  'functions.test': [344, 345],
  'histograms.test': [148, 148],
  'literals.test': [25, 25],
  'name_label_dropping.test': [30, 30],
  'native_histograms.test': [412, 418],
  'range_queries.test': [18, 18],
  'selectors.test': [31, 31],
  'staleness.test': [17, 17],
  'start_timestamps.test': [26, 26],
  'trig_functions.test': [19, 19],
  'type_and_unit.test': [58, 58],
};

describe.skipIf(!existsSync(folder))('upstream’s PromQL scripts (skipped without ../shared)', () => {
  test.each(Object.entries(PASSING))('%s', async (file, [passing, all]) => {
    const { passed, failures } = await runScript(readFileSync(join(folder, file), 'utf8'));
    expect(passed + failures.length).toBe(all);
    expect(passed).toBe(passing);
  });

  test('every script is run', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.test'));
    expect(Object.keys(PASSING).sort()).toEqual(files.sort());
  });
});
