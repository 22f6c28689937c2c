import { describe, expect, test } from 'vitest';
import { fill, parseEnvFile } from './placeholder.ts';

describe('fill()', () => {
  const env = { PORT: '8000', EMPTY: '' };
  test.each([
    ['plain', 'plain'],
    ['--port=${PORT}', '--port=8000'],
    ['${NONE:-7}', '7'],
    ['${EMPTY:-7}', '7'],
    ['[${EMPTY}]', '[]'],
    ['worker-{replica}', 'worker-2'],
    ['{replica+8080}', '8082'],
    ['$${PORT}', '${PORT}'],
    ['{"json": {"a": 1}}', '{"json": {"a": 1}}'],
    ['$PORT', '$PORT'],
  ])('%s', (text, expected) => {
    expect(fill(text, env, 2)).toBe(expected);
  });

  test('names a variable that is missing', () => {
    expect(() => fill('${NONE}', env, 1)).toThrow('environment variable NONE is not set');
  });
});

test('parseEnvFile() reads what Compose reads', () => {
  const text = '# comment\n\nA=1\nexport B="two words"\nC=\'x=y\'\nD=\r\n';
  expect(parseEnvFile(text)).toEqual({ A: '1', B: 'two words', C: 'x=y', D: '' });
  expect(() => parseEnvFile('A=1\nnonsense')).toThrow('line 2');
});
