import { expect, test } from 'vitest';
import { maskSecrets, maskUrlPassword } from './index.ts';

test.each([
  ['password: hunter2', 'password: <secret>'],
  ['password_file: /run/secrets/p', 'password_file: /run/secrets/p'],
  ['bearer_token: hunter2', 'bearer_token: <secret>'],
  ['oauth2: {client_secret: hunter2, token_url: "http://a/t"}', 'token_url'],
  ['http_headers: {X-Key: {secrets: [hunter2]}}', '<secret>'],
  ['remote_write: [{url: "https://me:hunter2@example/w"}]', 'https://me:<secret>@example/w'],
  ['dsn: postgresql://a:hunter2@b/c', 'dsn: <secret>'],
  ['# the old one was hunter2\nglobal: {scrape_interval: 5s}', 'scrape_interval: 5s'],
  ['global: # hunter2\n  # hunter2\n  scrape_interval: 5s # hunter2', 'scrape_interval: 5s'],
  ['hunter2: [', 'not valid YAML'],
])('%s', (text, shown) => {
  const masked = maskSecrets(text);
  expect(masked).toContain(shown);
  expect(masked).not.toContain('hunter2');
});

test('maskUrlPassword() leaves other text alone', () => {
  expect(maskUrlPassword('see http://a:9090/x and x@y.example')).toBe('see http://a:9090/x and x@y.example');
});
