/** For tests: an SMTP server on loopback that writes down what it gets. */
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly secure: boolean;
  /** As it came, in bytes: `latin1`. */
  readonly text: string;
}

export interface MailSink {
  readonly smarthost: string;
  readonly mails: Mail[];
  readonly close: () => void;
}

/** Takes mails with or without TLS and a login; who logs in is `ada` with `hush`. */
export async function openSmtp(options: SMTPServerOptions = {}): Promise<MailSink> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    onAuth: (auth, _, done) => {
      const good = auth.username === 'ada' && (auth.validatePassword?.('hush') ?? auth.password === 'hush');
      if (good) done(null, { user: auth.username ?? '' });
      else done(new Error('535 no'));
    },
    onData: (stream, { envelope, user, secure }, done) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        mails.push({ from, to: rcptTo.map(({ address }) => address), user: user as string, secure, text });
        done(null, 'queued as 1');
      });
    },
    ...options,
  });
  // A client that does not like the certificate hangs up.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { smarthost: `127.0.0.1:${port}`, mails, close: () => server.close() };
}
