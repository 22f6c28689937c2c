import { parseConfig } from '@prunella/metrics/config';
import { describe, expect, test } from 'vitest';
import { workloadsSchema } from './config.ts';

describe('workloads of prunella.yml', () => {
  test('has defaults for everything but name and command', () => {
    const { processes } = parseConfig('processes: [{name: api, command: [node]}]', 'p.yml', workloadsSchema);
    expect(processes).toEqual([
      {
        name: 'api',
        command: ['node'],
        env: {},
        ports: [],
        stop_signal: 'SIGTERM',
        stop_timeout: 10_000,
        restart: 'always',
        after: [],
      },
    ]);
  });

  test('turns numbers in env into text', () => {
    const text = 'processes: [{name: api, command: [node], env: {PORT: 8000, ON: true}}]';
    expect(parseConfig(text, 'p.yml', workloadsSchema).processes[0]?.env).toEqual({
      PORT: '8000',
      ON: 'true',
    });
  });

  test.each([
    [
      'no command',
      'processes:\n  - name: api\n    command: []',
      'p.yml:3:5',
      'a command needs at least a program',
    ],
    ['unknown key', 'processes:\n  - name: api\n    comand: [a]', 'p.yml:3:5', 'unknown key "comand"'],
    [
      'a name twice',
      'processes: [{name: a, command: [x]}, {name: a, command: [x]}]',
      'p.yml:1:1',
      'the same name',
    ],
    ['after a stranger', 'processes: [{name: a, command: [x], after: [b]}]', 'p.yml:1:1', 'a waits for b'],
    [
      'a circle',
      'processes: [{name: a, command: [x], after: [b]}, {name: b, command: [x], after: [a]}]',
      'p.yml:1:1',
      'a waits for itself',
    ],
    ['a path as name', 'processes: [{name: ../a, command: [x]}]', 'p.yml:1:', 'a name consists of'],
  ])('refuses %s', (_, text, place, message) => {
    expect(() => parseConfig(text, 'p.yml', workloadsSchema)).toThrow(place);
    expect(() => parseConfig(text, 'p.yml', workloadsSchema)).toThrow(message);
  });
});
