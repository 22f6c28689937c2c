import { createHash, createHmac } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import type { SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, test } from 'vitest';
import { deliverVia } from '../testing/deliver.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { openSmtp, type Mail, type MailSink } from '../testing/smtp.ts';
import { openSink, type Sink, type SinkRequest } from '../testing/sink.ts';
import { email } from './email.ts';
import { splitList } from '../config/fields.ts';
import { ses } from './ses.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function smtp(options: SMTPServerOptions = {}): Promise<MailSink> {
  const sink = await openSmtp(options);
  closing.push(sink.close);
  return sink;
}

const header = (mail: Mail | undefined, name: string): string | undefined => {
  const [head = ''] = mail?.text.split('\r\n\r\n') ?? [];
  const unfolded = head.replace(/\r\n\s+/g, ' ');
  return new RegExp(`^${name}: (.*)`, 'm').exec(unfolded)?.[1];
};

describe('email', () => {
  test.each([
    ['PLAIN', { auth_password: 'hush' }],
    ['LOGIN', { auth_password: 'hush' }],
    ['CRAM-MD5', { auth_secret: 'hush' }],
  ])('STARTTLS and %s', async (method, secrets) => {
    const { smarthost, mails } = await smtp({ authMethods: [method] });
    const config = {
      to: 'a@x.test, b@x.test',
      from: 'p@x.test',
      smarthost,
      auth_username: 'ada',
      tls_config: { insecure_skip_verify: true },
      ...secrets,
    };
    expect(await deliverVia(email, config, sampleNotification())).toContain('queued as 1');
    expect(mails).toMatchObject([
      { from: 'p@x.test', to: ['a@x.test', 'b@x.test'], user: 'ada', secure: true },
    ]);
    expect(header(mails[0], 'Subject')).toBe('[FIRING 1] A');
    expect(header(mails[0], 'Content-Type')).toMatch(/^multipart\/alternative/);
    expect(mails[0]?.text).toContain('Content-Transfer-Encoding: quoted-printable');
  });

  test('a server without TLS is refused unless it was allowed, and a wrong certificate always is', async () => {
    const { smarthost, mails } = await smtp({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
    const config = { to: 'a@x.test', from: 'p@x.test', smarthost };
    await expect(deliverVia(email, config, sampleNotification())).rejects.toThrow(/TLS|502|500/);
    await deliverVia(email, { ...config, require_tls: false }, sampleNotification());
    expect(mails).toMatchObject([{ secure: false }]);
    const strict = await smtp();
    await expect(
      deliverVia(email, { ...config, smarthost: strict.smarthost }, sampleNotification()),
    ).rejects.toThrow(/certificate/i);
  });

  test('an identity to act as goes with PLAIN', async () => {
    const said: string[] = [];
    const server = createServer((socket) => {
      socket.write('220 x\r\n');
      socket.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString().trim().split('\r\n')) {
          said.push(line);
          if (line.startsWith('EHLO')) socket.write('250-x\r\n250 AUTH PLAIN\r\n');
          else if (line.startsWith('AUTH')) socket.write('235 ok\r\n');
          else if (line === 'DATA') socket.write('354 go on\r\n');
          else if (line === '.' || /^(?:MAIL|RCPT|QUIT)/.test(line)) socket.write('250 ok\r\n');
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const smarthost = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const login = { auth_identity: 'ops', auth_username: 'ada', auth_password: 'hush', require_tls: false };
    await deliverVia(email, { to: 'a@x.test', from: 'p@x.test', smarthost, ...login }, sampleNotification());
    expect(said).toContain(`AUTH PLAIN ${Buffer.from('ops\0ada\0hush').toString('base64')}`);
  });

  test('headers are templates, canonical, and one line each; a group is a thread', async () => {
    const { smarthost, mails } = await smtp();
    const alerts = [sampleAlert({ alertname: 'A\r\nBcc: evil@x.test' }, { summary: '<b>&"' })];
    const config = {
      to: 'a@x.test',
      from: 'p@x.test',
      smarthost,
      tls_config: { insecure_skip_verify: true },
      headers: {
        'reply-to': 'ops@x.test',
        subject: '{{ (index .Alerts 0).Labels.alertname }}',
        'X-Status': '{{ .Status }}',
      },
      threading: { enabled: true },
    };
    await deliverVia(email, config, sampleNotification({ alerts }));
    expect(mails[0]?.to).toEqual(['a@x.test']);
    expect(header(mails[0], 'Reply-To')).toBe('ops@x.test');
    expect(header(mails[0], 'X-Status')).toBe('firing');
    expect(header(mails[0], 'Subject')).toBe('A Bcc: evil@x.test');
    expect(header(mails[0], 'Bcc')).toBeUndefined();
    expect(header(mails[0], 'References')).toMatch(/^<alert-[0-9a-f]{16}-2026-01-05@alertmanager>$/);
    expect(mails[0]?.text).not.toContain('<b>&"</p>');
  });

  test.each([550, 451])(
    'a recipient refused with %d is tried again, as Alertmanager does',
    async (responseCode) => {
      const { smarthost } = await smtp({
        onRcptTo: (_, __, done) => done(Object.assign(new Error('no'), { responseCode })),
      });
      const config = {
        to: 'a@x.test',
        from: 'p@x.test',
        smarthost,
        tls_config: { insecure_skip_verify: true },
      };
      const failure = await deliverVia(email, config, sampleNotification()).catch((error: unknown) => error);
      expect(failure).toMatchObject({ retry: true });
    },
  );

  test.each([
    [{ to: 'a@x.test', from: 'p@x.test' }, 'no global SMTP smarthost set'],
    [{ to: 'a@x.test', smarthost: 'h:25' }, 'no global SMTP from set'],
    [{ to: 'a@x.test', from: 'p', smarthost: 'h:25', headers: { a: '1', A: '2' } }, 'duplicate header "a"'],
  ])('refuses %j', async (config, message) => {
    await expect(deliverVia(email, config, sampleNotification())).rejects.toThrow(message);
  });
});

describe('ses', () => {
  let sink: Sink;
  const open = async (): Promise<void> => {
    sink = await openSink();
    closing.push(sink.close);
  };
  const env = {
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI',
    TO: 'a@x.test, ,b@x.test,',
  };
  const config = (): object => ({ api_url: sink.url, region: 'ap-south-1', from: 'p@x.test', to_env: 'TO' });

  test('a SendEmail call whose signature an implementation of our own verifies', async () => {
    await open();
    await deliverVia(ses, config(), sampleNotification(), { env });
    const [request] = sink.requests;
    expect(request?.path).toBe('/v2/email/outbound-emails');
    expect(request?.json).toMatchObject({
      FromEmailAddress: 'p@x.test',
      Destination: { ToAddresses: ['a@x.test', 'b@x.test'] },
      Content: { Simple: { Subject: { Data: '[FIRING 1] A' }, Body: { Text: {}, Html: {} } } },
    });
    expect(request?.headers.authorization).toContain('/ap-south-1/ses/aws4_request');
    expect(request?.headers.authorization).toBe(signature(request as SinkRequest, env.AWS_SECRET_ACCESS_KEY));
  });

  test('a template of SES gets the message as data', async () => {
    await open();
    await deliverVia(ses, { ...config(), template: 'alert' }, sampleNotification(), { env });
    const [request] = sink.requests;
    const { Content } = (request as SinkRequest).json as {
      Content: { Template: { TemplateName: string; TemplateData: string } };
    };
    expect(Content.Template.TemplateName).toBe('alert');
    expect(JSON.parse(Content.Template.TemplateData)).toMatchObject({ status: 'firing' });
  });

  test('a clock that is off is corrected by the answer', async () => {
    await open();
    sink.answer = (response) => {
      const skewed = sink.requests.length === 1;
      response.writeHead(skewed ? 403 : 200, { date: 'Sat, 05 Jan 2036 12:00:00 GMT' });
      response.end(skewed ? '{"message":"Signature expired: 2026 is now earlier"}' : '{"MessageId":"1"}');
    };
    expect(await deliverVia(ses, config(), sampleNotification(), { env })).toContain('MessageId');
    expect(sink.requests[1]?.headers['x-amz-date']).toBe('20360105T120000Z');
  });

  test.each([
    [429, '{"message":"slow down"}', true, /slow down/],
    [400, '{"message":"Throttling: rate"}', true, /Throttling/],
    [500, '', true, /500/],
    [400, '{"message":"Email address is not verified."}', false, /sandbox/],
  ])('status %d %s', async (status, body, retry, message) => {
    await open();
    sink.answer = (response) => response.writeHead(status).end(body);
    const failure = await deliverVia(ses, config(), sampleNotification(), { env }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ retry, message: expect.stringMatching(message) });
    expect(String(failure)).not.toContain(env.AWS_SECRET_ACCESS_KEY);
  });

  test('without credentials it fails clearly', async () => {
    await open();
    await expect(deliverVia(ses, config(), sampleNotification(), { env: { TO: 'a@x' } })).rejects.toThrow(
      'no AWS credentials',
    );
  });

  test('splitList()', () => {
    expect(splitList(' a@x , ,b@y,')).toEqual(['a@x', 'b@y']);
  });
});

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, from what was sent. */
function signature({ method, path, headers, body }: SinkRequest, secret: string): string {
  const authorization = headers.authorization ?? '';
  const scope = /Credential=[^/]+\/(\S+?),/.exec(authorization)?.[1] ?? '';
  const signedHeaders = /SignedHeaders=(\S+?),/.exec(authorization)?.[1] ?? '';
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
  const canonicalHeaders = signedHeaders
    .split(';')
    .map((name) => `${name}:${String(headers[name]).trim()}\n`)
    .join('');
  const canonical = [method, path, '', canonicalHeaders, signedHeaders, sha(body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce<string | Uint8Array>((k, part) => createHmac('sha256', k).update(part).digest(), `AWS4${secret}`);
  const hex = createHmac('sha256', key).update(toSign).digest('hex');
  return authorization.replace(/Signature=.*/, `Signature=${hex}`);
}
