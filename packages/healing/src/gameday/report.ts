import type { ScenarioResult } from './gameday.ts';

const COLUMNS = ['scenario', 'verdict', 'detected', 'told', 'acted', 'healed', 'actions', 'outcome'] as const;

/** A table, and below it what was not as expected. */
export function reportLines(results: readonly ScenarioResult[]): string[] {
  const rows = [
    [...COLUMNS],
    ...results.map((result) => [
      result.name,
      result.verdict,
      seconds(result.detected),
      seconds(result.told),
      seconds(result.acted),
      seconds(result.healed),
      String(result.actions),
      result.outcome ?? '-',
    ]),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  );
  const faults = results.flatMap((result) => result.faults.map((fault) => `  ${result.name}: ${fault}`));
  const passed = results.filter((result) => result.verdict === 'passed').length;
  const summary = `${passed} passed, ${results.length - passed} failed`;
  return [...lines, ...(faults.length > 0 ? ['', ...faults] : []), '', summary];
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '-' : `${(ms / 1000).toFixed(1)} s`;
}
