import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { deliverVia } from '../testing/deliver.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { openSink, type Sink, type SinkRequest } from '../testing/sink.ts';
import { readMail } from '../testing/mail.ts';
import { openSmtp } from '../testing/smtp.ts';
import { email } from './email.ts';
import { HTTP_CONFIGS, kindAt, yes } from '../testing/kinds.ts';
import { RECEIVER_KINDS } from './kinds.ts';

const SCRIPT = '<script>alert("x")</script>';
const TEMPLATE = '{{ .ExternalURL }}{{ template "__subject" . }}';
/** Lines of dots, a header, a mention, control characters, right to left, half a character. */
const NASTY = `${SCRIPT}${TEMPLATE}\r\nBcc: evil@x.test\n.\n..dots\n<!channel>&amp;\u0000\u001b[31m\u2028\u202eא🙂\ud800"'\\`;
/** UTF-8 knows no half characters. */
const WELL_FORMED = Buffer.from(NASTY).toString();
/** html/template leaves no NUL either. */
const SEEN_IN_HTML = WELL_FORMED.replace('\0', '\ufffd');
const hostile = sampleNotification({
  alerts: [
    sampleAlert(
      { alertname: NASTY, severity: NASTY, instance: NASTY, [SCRIPT]: NASTY },
      { summary: NASTY, description: NASTY },
    ),
  ],
});

let sink: Sink;
let directory: string;
let closing: (() => void) | undefined;
beforeEach(async () => {
  sink = await openSink();
  sink.answer = (response) => response.end('{"ok":true,"success":true}');
  directory = await mkdtemp(join(tmpdir(), 'prunella-hostile-'));
});
afterEach(async () => {
  sink.close();
  closing?.();
  await rm(directory, { recursive: true });
});

function textsIn({ body, json }: SinkRequest): string[] {
  const texts: string[] = [];
  const value = json === undefined ? Object.fromEntries(new URLSearchParams(body)) : json;
  JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string') texts.push(inner);
    return inner;
  });
  return texts;
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#34;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

describe('whatever an alert says', () => {
  test('every kind is here, or has a test of its own', () => {
    const elsewhere = ['email', 'file', 'inbox'];
    expect([...Object.keys(HTTP_CONFIGS), ...elsewhere].sort()).toEqual(
      RECEIVER_KINDS.map((kind) => kind.name).sort(),
    );
  });

  test.each(Object.entries(HTTP_CONFIGS))('%s delivers it as text', async (name, config) => {
    sink.answer = (response, request) => response.end(yes(name, request));
    await deliverVia(kindAt(name, sink.url), config(sink.url), hostile);
    const texts = sink.requests.flatMap(textsIn);
    // Nobody's template syntax is expanded, and what was said can be read again.
    const seen = [...texts, ...texts.map(unescapeHtml)];
    expect(seen.some((text) => text.includes(WELL_FORMED) || text.includes(SEEN_IN_HTML))).toBe(true);
    for (const { headers, body } of sink.requests) {
      expect(Object.keys(headers)).not.toContain('bcc');
      expect(body).not.toMatch(/(?<!\\)\\ud[89a-f]/);
    }
    for (const text of texts.filter((each) => /^\s*<(?:!doctype|html)/i.test(each)))
      expect(text).not.toContain('<script');
    if (name === 'telegram') expect(texts.join('')).not.toContain('<script');
    if (name === 'slack') expect(texts.find((text) => text.startsWith('*'))).not.toContain('<!channel>');
  });

  test('a mail has the headers that it has, and every line of its text', async () => {
    const { smarthost, mails, close } = await openSmtp();
    closing = close;
    const entry = { to: 'a@x.test', from: 'p@x.test', smarthost, require_tls: false };
    await deliverVia(email, { ...entry, headers: { 'X-Name': '{{ .CommonLabels.alertname }}' } }, hostile);
    const [mail] = mails;
    expect(mail?.to).toEqual(['a@x.test']);
    const { headers, parts } = readMail(mail?.text ?? '');
    expect([...headers.keys()].sort()).toEqual(
      ['content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to', 'x-name'].sort(),
    );
    expect(headers.get('x-name')).toContain('Bcc: evil@x.test');
    expect(parts['text/plain']).toContain(WELL_FORMED.replace(/\r\n?/g, '\n'));
    expect(parts['text/html']).not.toContain('<script');
  });

  test('file and inbox keep it on its line, and as it is', async () => {
    const [file, inbox] = ['file', 'inbox'].map((name) => RECEIVER_KINDS.find((kind) => kind.name === name));
    if (!file || !inbox) throw new Error('no kind');
    await deliverVia(file, { path: 'a.log' }, hostile, { directory });
    const text = await readFile(join(directory, 'a.log'), 'utf8');
    for (const character of '\n\r\u0000\u001b\u2028') expect(text.trimEnd()).not.toContain(character);
    const messages: string[] = [];
    await deliverVia(inbox, {}, hostile, { onMessage: (message) => messages.push(message.text) });
    expect(messages[0]).toContain(NASTY);
  });

  test('all of it can be configured at once', () => {
    const receivers = Object.entries(HTTP_CONFIGS).map(
      ([name, config]) => `${name}_configs: [${JSON.stringify(config('http://x'))}]`,
    );
    const text = `route: {receiver: a}\nreceivers: [{name: a, ${receivers.join(', ')}}]`;
    expect(loadConfig(text, 'f.yml').receivers[0]?.integrations).toHaveLength(receivers.length);
  });
});
