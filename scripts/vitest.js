import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './tree.js';

/** Runs one project of the tests. @returns how many passed, failed and were skipped, and the exit code */
export function runTests(project, args = []) {
  const folder = mkdtempSync(join(tmpdir(), 'prunella-tests-'));
  const report = join(folder, 'report.json');
  const command = [
    `${root}/node_modules/vitest/vitest.mjs`,
    'run',
    '--project',
    project,
    '--passWithNoTests',
  ];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync(process.execPath, [...command, ...reporters, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  const counts = { passed: 0, failed: 0, skipped: 0, code: status ?? 1 };
  try {
    const json = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed = json.numPassedTests;
    counts.failed = json.numFailedTests;
    counts.skipped = json.numPendingTests + json.numTodoTests;
    printSkipped(json);
  } catch {
    counts.failed = 1;
  }
  // A file that does not load fails no test, and still is a failure.
  if (counts.code !== 0 && counts.failed === 0) counts.failed = 1;
  rmSync(folder, { recursive: true, force: true });
  return counts;
}

function printSkipped(json) {
  for (const file of json.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'pending' || test.status === 'skipped') console.log(`skipped: ${test.fullName}`);
    }
  }
}
