import { hash } from '@node-rs/argon2';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Credentials } from './parse.ts';
import type { StoredUser, UserStore } from './store.ts';

/** What OWASP asks of argon2id at the least: 19 MiB, two passes. About 8 ms each, on the thread pool. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** So many hashes at once: 2 x 19 MiB of memory, and threads of the pool are left for files and names. */
const CONCURRENCY = 2;
const BATCH = 50;
/** Passwords in clear that wait in memory for being hashed, over all uploads. */
const MAX_PENDING = 1_000_000;
const KEPT_IMPORTS = 100;

export interface ImportStatus {
  readonly id: number;
  readonly state: 'running' | 'done' | 'failed';
  readonly total: number;
  readonly stored: number;
}

export class TooManyPending extends Error {
  override name = 'TooManyPending';
}

interface Running {
  status: ImportStatus;
  done: Promise<void>;
}

/** Hashes and stores uploaded users, one upload after the other, in the background. Nothing is kept in clear. */
export class UserImports {
  readonly #store: UserStore;
  readonly #secret: Buffer | undefined;
  readonly #imports = new Map<number, Running>();
  readonly #users: Counter;
  readonly #duration: Histogram;
  #pending = 0;
  #lastId = 0;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: { store: UserStore; registry: Registry; secretKey: string | undefined }) {
    this.#store = options.store;
    this.#secret = options.secretKey === undefined ? undefined : Buffer.from(options.secretKey);
    const registers = [options.registry];
    this.#users = new Counter({
      name: 'app_upload_users_total',
      help: 'Users stored from uploads.',
      registers,
    });
    this.#duration = new Histogram({
      name: 'app_upload_duration_seconds',
      help: 'Time from the end of an upload until all of its users were stored.',
      buckets: [0.05, 0.1, 0.5, 1, 5, 30, 120, 600],
      registers,
    });
  }

  /** @returns its id. @throws TooManyPending */
  begin(users: readonly Credentials[]): { id: number; done: Promise<void> } {
    if (this.#pending + users.length > MAX_PENDING)
      throw new TooManyPending('Too many users are waiting already');
    this.#pending += users.length;
    const id = ++this.#lastId;
    const running: Running = {
      status: { id, state: 'running', total: users.length, stored: 0 },
      done: Promise.resolve(),
    };
    const end = this.#duration.startTimer();
    running.done = this.#turn.then(() => this.#run(users, running)).finally(end);
    this.#turn = running.done.catch(() => {});
    this.#imports.set(id, running);
    this.#imports.delete(id - KEPT_IMPORTS);
    return { id, done: running.done };
  }

  status(id: number): ImportStatus | undefined {
    return this.#imports.get(id)?.status;
  }

  close(): void {
    this.#closed = true;
  }

  async #run(users: readonly Credentials[], running: Running): Promise<void> {
    let stored = 0;
    try {
      for (let at = 0; at < users.length; at += BATCH) {
        if (this.#closed) throw new Error('The shop is closing');
        const batch = await hashAll(users.slice(at, at + BATCH), this.#secret);
        await this.#store.save(batch);
        stored += batch.length;
        this.#users.inc(batch.length);
        running.status = { ...running.status, stored };
      }
      running.status = { ...running.status, state: 'done' };
    } catch (error) {
      running.status = { ...running.status, state: 'failed' };
      throw error;
    } finally {
      this.#pending -= users.length;
    }
  }
}

async function hashAll(users: readonly Credentials[], secret: Buffer | undefined): Promise<StoredUser[]> {
  const stored: StoredUser[] = [];
  const left = users.values();
  const lane = async (): Promise<void> => {
    for (const { username, password } of left) {
      stored.push({
        username,
        passwordHash: await hash(password, { ...ARGON2ID, ...(secret && { secret }) }),
      });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  return stored;
}
