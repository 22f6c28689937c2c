import { readYaml } from '@prunella/metrics/config';
import { describe, expect, test } from 'vitest';
import { loadConfig } from './config/load.ts';
import { environmentForm } from './environment.ts';
import { harness, type Harness } from './testing/harness.ts';

const form = (env: Record<string, string>): NonNullable<ReturnType<typeof environmentForm>> => {
  const made = environmentForm(env);
  if (!made) throw new Error('no form');
  return made;
};

const expressions = (env: Record<string, string>): string[] => {
  const { groups } = readYaml(form(env).rules) as { groups: { rules: { alert: string; expr: string }[] }[] };
  return groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => `${alert}: ${expr}`));
};

describe('environmentForm()', () => {
  test('is nothing where nothing is set', () => {
    expect(environmentForm({ PATH: '/bin', CPU_THRESHOLD: '' })).toBeUndefined();
  });

  test('thresholds become rules; quotes that compose keeps are taken off', () => {
    const rules = expressions({
      CPU_THRESHOLD: '"41"',
      MEMORY_THRESHOLD: "'51.5'",
      RESPONSE_TIME_THRESHOLD: ' 900 ',
    });
    expect(rules[0]).toMatch(/^HighCPU: .* > 41$/);
    expect(rules[1]).toMatch(/^HighMemory: .* > 51.5$/);
    expect(rules[2]).toBe('SlowResponse: 1000 * probe_duration_seconds > 900');
  });

  test('what is missing has its default, what is no number is told', () => {
    const { warnings } = form({ CPU_THRESHOLD: 'lots' });
    expect(warnings).toEqual([
      'mail through SES is off, because SENDER_EMAIL, RECIPIENT_EMAILS, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY are not set',
      'CPU_THRESHOLD: not a number: "lots"; 40 is used',
    ]);
    expect(expressions({ CPU_THRESHOLD: 'lots' })[0]).toMatch(/ > 40$/);
  });

  test('credentials stay in the environment, or in the file that *_FILE names', () => {
    const all = {
      SENDER_EMAIL: 'p@x.test',
      RECIPIENT_EMAILS: 'a@x.test, ,b@x.test',
      AWS_REGION: 'ap-south-1',
    };
    const { alertmanager, warnings } = form({
      ...all,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY_FILE: '/run/secrets/aws',
    });
    expect(warnings).toEqual([]);
    expect(alertmanager).not.toContain('AKIDEXAMPLE');
    const [receiver] = (readYaml(alertmanager) as { receivers: { ses_configs: object[] }[] }).receivers;
    expect(receiver?.ses_configs).toEqual([
      {
        region: 'ap-south-1',
        access_key_env: 'AWS_ACCESS_KEY_ID',
        secret_key_file: '/run/secrets/aws',
        from: 'p@x.test',
        to: 'a@x.test, ,b@x.test',
      },
    ]);
    expect(
      loadConfig(alertmanager, 'alertmanager.yml').receivers[0]?.integrations.map(({ kind }) => kind.name),
    ).toEqual(['ses', 'inbox']);
  });
});

describe('its routes', () => {
  const start = (): Promise<Harness> =>
    harness(form({ BUFFER_TIMEOUT: '60', ALERT_COOLDOWN: '300' }).alertmanager);
  const warning = (container: string): Record<string, string> => ({
    alertname: 'HighCPU',
    severity: 'warning',
    container,
  });

  test('a warning waits for BUFFER_TIMEOUT, similar ones are one message', async () => {
    const h = await start();
    for (let i = 0; i < 20; i++) await h.fire(warning(`c${i}`));
    await h.at(59.999);
    expect(h.told).toEqual([]);
    await h.at(60);
    expect(h.messages.map(({ title, alerts }) => `${title}: ${alerts.length}`)).toEqual([
      '20 alerts: HighCPU: 20',
    ]);
  });

  test('what is critical waits for nothing', async () => {
    const h = await start();
    await h.fire(warning('a'));
    await h.fire({ alertname: 'ContainerDown', severity: 'critical', container: 'a' });
    await h.at(1);
    expect(h.told).toEqual(['0 alerts firing ContainerDown']);
  });

  test('a similar alert is told of only when ALERT_COOLDOWN has passed', async () => {
    const h = await start();
    await h.fire(warning('a'));
    await h.at(60 + 200);
    await h.fire(warning('b'));
    await h.at(60 + 299);
    expect(h.told).toEqual(['60 alerts firing HighCPU']);
    await h.at(60 + 301);
    expect(h.told).toEqual(['60 alerts firing HighCPU', '360 alerts firing HighCPU,HighCPU']);
  });
});
