import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { verify } from '@node-rs/bcrypt';
import type { FastifyInstance } from 'fastify';

/** Verified at once, whoever asks: an attacker's flood of wrong passwords must not fill the thread pool. */
const CONCURRENT_VERIFICATIONS = 1;
const WAITING_VERIFICATIONS = 64;
/** bcrypt hash of a random string: unknown users take as long as known ones. */
const NOBODY = '$2b$10$ZO4uVKzXyZcJqYpvW9wcAO0Qe1l9B3Jx0N8yM2dQ3m4Qk0uJ5kq3e';

/** Demands basic authentication on every route. Good log-ins are remembered (as keyed digests), bad ones are not. */
export function requireBasicAuth(app: FastifyInstance, users: ReadonlyMap<string, string>): void {
  const check = new PasswordCheck(users);
  app.addHook('onRequest', async (request, reply) => {
    if (await check.allows(request.headers.authorization)) return;
    await reply
      .code(401)
      .header('www-authenticate', 'Basic realm="prunella"')
      .send({ error: 'unauthorized', code: 'unauthorized' });
  });
}

class PasswordCheck {
  readonly #users: ReadonlyMap<string, string>;
  readonly #salt = randomBytes(32);
  readonly #known = new Map<string, Buffer>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(users: ReadonlyMap<string, string>) {
    this.#users = users;
  }

  async allows(header: string | undefined): Promise<boolean> {
    const match = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '');
    if (!match) return false;
    const [user, password] = splitOnce(Buffer.from(match[1] as string, 'base64').toString());
    const digest = createHash('sha256').update(this.#salt).update(`${user}\0${password}`).digest();
    const known = this.#known.get(user);
    if (known && timingSafeEqual(known, digest)) return true;
    if (this.#waiting.length >= WAITING_VERIFICATIONS) return false;
    const good = await this.#verify(password, this.#users.get(user) ?? NOBODY);
    if (!good || !this.#users.has(user)) return false;
    this.#known.set(user, digest);
    return true;
  }

  async #verify(password: string, hash: string): Promise<boolean> {
    if (this.#running >= CONCURRENT_VERIFICATIONS)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await verify(password, hash);
    } catch {
      return false;
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}

function splitOnce(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}
