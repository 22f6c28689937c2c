import { isIP } from 'node:net';
import { secret } from '@prunella/metrics/config';
import { tlsConfig, tlsOptions, type TlsConfig } from '@prunella/metrics/http';
import type { SendMailOptions } from 'nodemailer';
import type SMTPConnection from 'nodemailer/lib/smtp-connection/index.js';
import type SMTPTransport from 'nodemailer/lib/smtp-transport/index.js';
import * as v from 'valibot';
import {
  flag,
  objectOf,
  optional,
  readSecret,
  secretEntries,
  secretFault,
  text,
  textMap,
  type SecretFields,
} from '../config/fields.ts';
import type { GlobalConfig } from '../config/schema.ts';
import { templateData } from '../template/data.ts';
import { hashKey } from './key.ts';
import {
  DeliveryError,
  receiverKind,
  type CommonConfig,
  type Notification,
  type ReceiverKind,
  type ReceiverParts,
} from './receiver.ts';

interface EmailConfig extends CommonConfig, SecretFields<'auth_password' | 'auth_secret'> {
  /** Comma-separated, templated. */
  readonly to: string;
  readonly from?: string;
  readonly smarthost?: string;
  readonly hello?: string;
  readonly auth_username?: string;
  readonly auth_identity?: string;
  readonly require_tls?: boolean;
  readonly force_implicit_tls?: boolean;
  readonly tls_config?: TlsConfig;
  readonly headers?: Readonly<Record<string, string>>;
  readonly html?: string;
  readonly text?: string;
  readonly threading?: { readonly enabled?: boolean; readonly thread_by_date?: 'daily' | 'none' };
}

const CONNECT_TIMEOUT_MS = 20_000;

/** `email_configs`: SMTP with STARTTLS or implicit TLS; CRAM-MD5, PLAIN or LOGIN. */
export const email: ReceiverKind = receiverKind<EmailConfig>({
  name: 'email',
  sendResolved: false,
  schema: objectOf<EmailConfig>({
    ...optional(flag, 'send_resolved', 'require_tls', 'force_implicit_tls'),
    to: text,
    ...optional(text, 'from', 'smarthost', 'hello', 'auth_username', 'auth_identity', 'html', 'text'),
    ...secretEntries(secret, 'auth_password', 'auth_secret'),
    ...optional(tlsConfig, 'tls_config'),
    ...optional(textMap, 'headers'),
    threading: v.optional(
      objectOf({ ...optional(flag, 'enabled'), thread_by_date: v.optional(v.picklist(['daily', 'none'])) }),
    ),
  }),
  check: (config, global) => {
    if (config.to === '') return 'missing to address in email config';
    if (!(config.smarthost ?? global.smtp_smarthost)) return 'no global SMTP smarthost set';
    if (!/^.*:\d+$/.test(config.smarthost ?? global.smtp_smarthost ?? ''))
      return 'smarthost must be host:port';
    if (!(config.from ?? global.smtp_from)) return 'no global SMTP from set';
    return (
      secretFault(config, 'auth_password') ??
      secretFault(config, 'auth_secret') ??
      headerFault(config.headers)
    );
  },
  create: (config, parts) => async (notification) => {
    const mail = composeMail(config, notification, parts);
    // 13 MB of memory, for those who send mail.
    const { createTransport } = await import('nodemailer');
    const transport = createTransport(await smtpOptions(config, parts));
    try {
      const info = await transport.sendMail(mail);
      return info.response;
    } catch (error) {
      // As Alertmanager: whatever a mail server says may pass.
      throw new DeliveryError((error as Error).message, { retry: true, cause: error });
    } finally {
      transport.close();
    }
  },
});

function headerFault(headers: Readonly<Record<string, string>> = {}): string | undefined {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return twice === undefined ? undefined : `duplicate header ${JSON.stringify(twice)} in email config`;
}

async function smtpOptions(
  config: EmailConfig,
  { global, secrets }: ReceiverParts,
): Promise<SMTPTransport.Options> {
  const [, host = '', port = ''] =
    /^\[?(.*?)\]?:(\d+)$/.exec(config.smarthost ?? global.smtp_smarthost ?? '') ?? [];
  const implicit = config.force_implicit_tls ?? global.smtp_force_implicit_tls ?? port === '465';
  const startTls = !implicit && (config.require_tls ?? global.smtp_require_tls ?? true);
  const auth = await credentials(config, global, secrets);
  return {
    host,
    port: Number(port),
    name: config.hello ?? global.smtp_hello ?? 'localhost',
    secure: implicit,
    requireTLS: startTls,
    // As Alertmanager: TLS is used because it is asked for, not because it is offered.
    ignoreTLS: !implicit && !startTls,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: CONNECT_TIMEOUT_MS,
    // A template must not be able to attach the server's files.
    disableFileAccess: true,
    disableUrlAccess: true,
    tls: {
      // RFC 6066: an address is no server name; the certificate is checked against it all the same.
      servername: isIP(host) === 0 ? host : '',
      ...(await tlsOptions({ ...global.smtp_tls_config, ...config.tls_config }, secrets)),
    },
    ...(auth && { auth }),
    ...(auth?.method && { authMethod: auth.method }),
    customAuth: { [PLAIN_AS]: plainAs },
  };
}

type Credentials = NonNullable<SMTPTransport.Options['auth']> & { readonly method?: string };

async function credentials(
  config: EmailConfig,
  global: GlobalConfig,
  secrets: ReceiverParts['secrets'],
): Promise<Credentials | undefined> {
  const user = config.auth_username ?? global.smtp_auth_username;
  if (!user) return undefined;
  const password =
    (await readSecret(config, 'auth_password', secrets)) ??
    (await readSecret(global, 'smtp_auth_password', secrets));
  const identity = config.auth_identity ?? global.smtp_auth_identity;
  if (password !== undefined && identity)
    return { type: 'custom', method: PLAIN_AS, user, pass: password, options: { identity } };
  if (password !== undefined) return { user, pass: password };
  const shared =
    (await readSecret(config, 'auth_secret', secrets)) ??
    (await readSecret(global, 'smtp_auth_secret', secrets));
  return shared === undefined ? undefined : { user, pass: shared, method: 'CRAM-MD5' };
}

const PLAIN_AS = 'PLAIN-AS';

/** RFC 4616: PLAIN with an identity to act as, which the mail library leaves out. */
async function plainAs(context: SMTPConnection.CustomAuthenticationContext): Promise<void> {
  const { user, pass, options } = context.auth.credentials as {
    user: string;
    pass: string;
    options: { identity: string };
  };
  const response = Buffer.from(`${options.identity}\0${user}\0${pass}`).toString('base64');
  const { status, text } = await context.sendCommand(`AUTH PLAIN ${response}`);
  if (status < 200 || status >= 300)
    throw Object.assign(new Error(`Invalid login: ${text}`), { code: 'EAUTH' });
}

function composeMail(config: EmailConfig, notification: Notification, parts: ReceiverParts): SendMailOptions {
  const { global, templates } = parts;
  const data = templateData(notification, parts.externalUrl);
  const expand = (template: string): string => templates.text(template, data);
  const headers = expandHeaders(config.headers ?? {}, expand);
  const { Subject, From, To, ...others } = headers;
  const from = From ?? expand(config.from ?? global.smtp_from ?? '');
  return {
    from,
    to: To ?? expand(config.to),
    envelope: { from: expand(config.from ?? global.smtp_from ?? ''), to: expand(config.to) },
    subject: Subject ?? expand('{{ template "email.default.subject" . }}'),
    text: expand(config.text ?? '{{ template "email.default.text" . }}'),
    html: templates.html(config.html ?? '{{ template "email.default.html" . }}', data),
    headers: others,
    textEncoding: 'quoted-printable',
    ...(config.threading?.enabled && thread(config, notification)),
  };
}

/** Names are canonical, `reply-to` → `Reply-To`; line breaks would begin another header. */
function expandHeaders(
  headers: Readonly<Record<string, string>>,
  expand: (template: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase().replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase()),
      expand(value).replace(/[\r\n]+/g, ' '),
    ]),
  );
}

/**
 * All mails of a group (of a day) refer to one that never was: mail programs show them as one thread. Its name is that
 * of Alertmanager, so that a thread goes on when one takes over from the other.
 */
function thread(config: EmailConfig, notification: Notification): SendMailOptions {
  const hash = hashKey(notification.groupKey).slice(0, 16);
  const daily = config.threading?.thread_by_date !== 'none';
  const day = daily ? new Date(notification.time).toISOString().slice(0, 10) : '';
  const root = `<alert-${hash}-${day}@alertmanager>`;
  return { references: root, inReplyTo: root };
}
