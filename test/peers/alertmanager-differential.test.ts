/**
 * The same configuration and the same timed alerts to the real Alertmanager and to ours: what their webhooks are told,
 * and when, must be the same. Each scenario has a pair of its own; many pairs run at once.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import * as topics from './alertmanager-scenarios.ts';
import { Stages } from './alertmanager-stage.ts';
import { ALERTMANAGER, MODERN } from './alertmanager-support.ts';

const scenarios = Object.values(topics)
  .flat()
  .filter(({ modern }) => MODERN || !modern);

describe.skipIf(ALERTMANAGER === undefined)(
  'as the real one does (skipped where prometheus-alertmanager is not installed)',
  () => {
    const stages = new Stages();
    beforeAll(() => stages.begin(scenarios));

    test('in at least 60 ways', () => expect(scenarios.length).toBeGreaterThanOrEqual(60));

    for (const [topic, list] of Object.entries(topics)) {
      describe(topic.toLowerCase(), () => {
        for (const scenario of list) {
          test.skipIf(scenario.modern && !MODERN)(scenario.name, { timeout: 120_000 }, () =>
            stages.outcome(scenario),
          );
        }
      });
    }
  },
);
