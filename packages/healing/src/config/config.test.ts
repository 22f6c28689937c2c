import { describe, expect, test } from 'vitest';
import { NO_HEALING, parseHealing, receiversOf } from './config.ts';
import { parseMatcher } from './matchers.ts';
import { describeStep } from './steps.ts';

function runbook(rest: string): string {
  return `runbooks:\n  - name: r\n    match: [a="b"]\n${rest.replace(/^/gm, '    ')}\n`;
}

describe('healing.yml', () => {
  test('completes what a runbook leaves out', () => {
    const { runbooks, global } = parseHealing(
      runbook('target: {service: api}\nsteps: [{restart: }]'),
      'h.yml',
    );
    expect(runbooks[0]).toMatchObject({
      mode: 'auto',
      description: '',
      target: { service: 'api' },
      limits: { cooldown: 300_000, attempts: 3, window: 3_600_000 },
    });
    expect(runbooks[0]?.steps).toEqual([
      { kind: 'restart', timeout: 120_000 },
      { kind: 'verify', for: 30_000, timeout: 300_000 },
      { kind: 'escalate' },
    ]);
    expect(global).toEqual(NO_HEALING.global);
    expect(parseHealing('', 'h.yml').runbooks).toEqual([]);
  });

  test('puts the proof before the escalation that is given', () => {
    const text = runbook('target: {service: api}\nsteps: [{restart: }, {escalate: {receiver: boss}}]');
    expect(parseHealing(text, 'h.yml').runbooks[0]?.steps.map((step) => step.kind)).toEqual([
      'restart',
      'verify',
      'escalate',
    ]);
  });

  test('reads every kind of step', () => {
    const text = runbook(`target: {label: service, allow: [api, worker]}
steps:
  - capture: {logs: {tail: 5}, query: [up]}
  - restart: {timeout: 1m}
  - scale: {replicas: 3, max: 3}
  - scale: {by: -1}
  - http: {url: 'http://127.0.0.1/x', method: PUT, body: hi, expect: 202}
  - wait: {for: 10s}
  - verify: {expr: 'up == 0', for: 1s, timeout: 2s}
  - escalate: {receiver: boss}`);
    const steps = parseHealing(text, 'h.yml').runbooks[0]?.steps ?? [];
    expect(steps).toEqual([
      { kind: 'capture', logs: 5, query: ['up'] },
      { kind: 'restart', timeout: 60_000 },
      { kind: 'scale', replicas: 3, max: 3, timeout: 120_000 },
      { kind: 'scale', by: -1, max: 10, timeout: 120_000 },
      { kind: 'http', url: 'http://127.0.0.1/x', method: 'PUT', body: 'hi', expect: 202, timeout: 30_000 },
      { kind: 'wait', for: 10_000 },
      { kind: 'verify', expr: 'up == 0', for: 1000, timeout: 2000 },
      { kind: 'escalate', receiver: 'boss' },
    ]);
    expect(steps.map(describeStep)).toEqual([
      'capture 5 log lines, up',
      'restart',
      'scale to 3',
      'scale by -1, to at most 10',
      'PUT http://127.0.0.1/x',
      'wait 10 s',
      'verify for 1 s that up == 0 returns nothing',
      'escalate to boss',
    ]);
  });

  test.each([
    ['steps: [{restrat: {}}]', 'h.yml:4:', 'unknown step "restrat": did you mean "restart"?'],
    ['steps: [{exec: rm}]', 'h.yml:4:', 'unknown step "exec": known are capture, restart, scale'],
    ['steps: [{restart: {}, scale: {}}]', 'h.yml:4:', 'a step has one key'],
    ['steps: [restart]', 'h.yml:4:', 'a step has one key'],
    ['steps: []', 'h.yml:4:', 'a runbook needs at least one step'],
    ['steps:\n  - wait: {for: 1s}\n  - restart: {}', 'h.yml:2:', 'need a target'],
    ['steps:\n  - wait: {fro: 1s}', 'h.yml:5:16', 'unknown key "fro"'],
    ['steps:\n  - wait: {for: soon}', 'h.yml:5:16', 'not a valid duration string'],
    ['target: {service: a}\nsteps: [{scale: {}}]', 'h.yml:5:', 'give either replicas or by'],
    [
      'target: {service: a}\nsteps: [{scale: {replicas: 4, max: 3}}]',
      'h.yml:5:',
      'replicas is more than max',
    ],
    ['steps: [{verify: {for: 1m, timeout: 1m}}]', 'h.yml:4:', 'for must be shorter than timeout'],
    ['steps: [{escalate: }, {wait: {for: 1s}}]', 'h.yml:4:', 'nothing can follow escalate'],
    ["steps: [{http: {url: 'file:///etc/passwd'}}]", 'h.yml:4:', 'not an http or https address'],
    ['target: {service: prunella}\nsteps: [{restart: }]', 'h.yml:4:', 'Prunella does not act on itself'],
    ['target: {label: service}\nsteps: [{restart: }]', 'h.yml:4:', 'a target from a label needs allow'],
    ['target: {}\nsteps: [{restart: }]', 'h.yml:4:', 'give either service, or label'],
    ["steps: [{verify: {expr: 'up =='}}]", 'h.yml:4:', 'parse error'],
    ["steps: [{capture: {query: ['sum(']}}]", 'h.yml:4:', 'parse error'],
    ['mode: maybe\nsteps: [{wait: {for: 1s}}]', 'h.yml:4:', 'mode'],
    ['match: []\nsteps: [{wait: {for: 1s}}]', 'h.yml:4:', 'unique'],
  ])('refuses %s', (rest, place, message) => {
    expect(() => parseHealing(runbook(rest), 'h.yml')).toThrow(message);
    expect(() => parseHealing(runbook(rest), 'h.yml')).toThrow(place);
  });

  test('takes experimental functions only where they are enabled', () => {
    const text = runbook("steps: [{verify: {expr: 'limitk(1, up)'}}]");
    expect(() => parseHealing(text, 'h.yml')).toThrow('limitk() is experimental');
    const features = new Set(['promql-experimental-functions']);
    expect(parseHealing(text, 'h.yml', { features }).runbooks).toHaveLength(1);
  });

  test('refuses a runbook for every alert, and two of one name', () => {
    expect(() =>
      parseHealing('runbooks: [{name: r, match: [], steps: [{wait: {for: 1s}}]}]', 'h.yml'),
    ).toThrow('a runbook that matches every alert is not allowed');
    const twice = '{name: r, match: [a="b"], steps: [{wait: {for: 1s}}]}';
    expect(() => parseHealing(`runbooks: [${twice}, ${twice}]`, 'h.yml')).toThrow(
      'two runbooks have the same name',
    );
  });
});

test('receiversOf() names everybody who may be told', () => {
  const text = `global: {receiver: team}\n${runbook('steps: [{wait: {for: 1s}}, {escalate: {receiver: boss}}]')}`;
  expect([...receiversOf(parseHealing(text, 'h.yml'))]).toEqual(['team', 'boss']);
  expect([...receiversOf(NO_HEALING)]).toEqual([]);
});

describe('parseMatcher()', () => {
  test.each([
    ['alertname="A"', 'alertname="A"'],
    [' alertname = A ', 'alertname="A"'],
    ['severity=~"a|b"', 'severity=~"a|b"'],
    ['a!="x y"', 'a!="x y"'],
    ['a!~"^x\\\\d$"', 'a!~"^x\\\\d$"'],
    ['"quoted name"="v"', '"quoted name"="v"'],
    ['a="say \\"hi\\"\\n"', 'a="say \\"hi\\"\\n"'],
    ['a=', 'a=""'],
  ])('%s', (text, expected) => {
    expect(parseMatcher(text).toString()).toBe(expected);
  });

  test.each(['alertname', '="x"', 'a=="x"', 'a="x', 'a=x y', '{a="x"}', 'a=~"("'])('refuses %s', (text) => {
    expect(() => parseMatcher(text)).toThrow(/not a matcher|invalid regular expression/);
  });
});
