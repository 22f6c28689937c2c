import { Secret } from '@prunella/metrics/config';
import type { Deliver, ReceiverKind, ReceiverParts } from './receiver.ts';
import { DeliveryError } from './receiver.ts';

/** A shorter secret is none, and hiding it would make messages unreadable. */
const LEAST_CHARACTERS = 4;
/** Secrets in files change; the oldest are of no use to anybody. */
const MOST_SECRETS = 100;

/** Takes secrets out of what is logged and shown, however a remote side came to say them. */
export class Redactor {
  readonly #secrets = new Set<string>();

  readonly add = (secret: string): void => {
    const { length } = secret;
    if (length < LEAST_CHARACTERS || this.#secrets.has(secret)) return;
    if (this.#secrets.size >= MOST_SECRETS) this.#secrets.clear();
    this.#secrets.add(secret);
    this.#secrets.add(encodeURIComponent(secret));
    // Of a secret URL a server may tell the path that it did not find.
    if (/^https?:/.test(secret) && URL.canParse(secret)) this.#addPath(new URL(secret));
  };

  #addPath({ pathname, search }: URL): void {
    if (pathname.length + search.length > LEAST_CHARACTERS) this.#secrets.add(pathname + search);
    if (search.length > LEAST_CHARACTERS) this.#secrets.add(search);
  }

  redact(text: string): string {
    // The longest first: one may be part of another.
    const longestFirst = [...this.#secrets].sort((a, b) => b.length - a.length);
    return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '<secret>'), text);
  }
}

/** A receiver that tells none of its secrets: neither in what the remote side said nor in errors. */
export function createDeliver(kind: ReceiverKind, config: unknown, parts: ReceiverParts): Deliver {
  const redactor = new Redactor();
  const http = (config as { http_config?: unknown }).http_config ?? parts.global.http_config;
  for (const secret of secretsIn([config, http])) redactor.add(secret.reveal());
  const secrets = { ...parts.secrets, onReveal: redactor.add };
  const deliver = kind.create(config, { ...parts, secrets });
  return async (notification, signal) => {
    try {
      return redactor.redact(await deliver(notification, signal));
    } catch (thrown) {
      const error = thrown as Error;
      const message = redactor.redact(error.message);
      if (error instanceof DeliveryError)
        throw new DeliveryError(message, { retry: error.retry, status: error.status });
      // Without its cause, which says what must not be said.
      throw new Error(message, { cause: undefined });
    }
  };
}

function* secretsIn(value: unknown): Generator<Secret> {
  if (value instanceof Secret) yield value;
  else if (value !== null && typeof value === 'object')
    for (const inner of Object.values(value)) yield* secretsIn(inner);
}
