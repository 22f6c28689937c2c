import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mongoUsers, type UserStore } from './store.ts';

// An optional dependency.
const driver = await import('mongodb').catch(() => undefined);
const BSON = driver?.BSON as typeof import('mongodb').BSON;

type Document = Record<string, unknown>;

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

/** As much of a mongod as the shop speaks to: the wire protocol (OP_MSG, and OP_QUERY for the greeting), one collection. */
class StandIn {
  readonly users = new Map<string, Document>();
  readonly #server: Server = createServer((socket) => this.#serve(socket));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `mongodb://127.0.0.1:${(this.#server.address() as AddressInfo).port}/shop`;
  }

  stop(): void {
    this.#server.close();
  }

  #serve(socket: Socket): void {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
        const message = rest.subarray(0, rest.readInt32LE(0));
        rest = rest.subarray(message.length);
        socket.write(this.#reply(message));
      }
    });
  }

  #reply(message: Buffer): Buffer {
    const opcode = message.readInt32LE(12);
    const { command, sequences } = opcode === OP_QUERY ? parseQuery(message) : parseMessage(message);
    const body = BSON.serialize(this.#answer(command, sequences));
    // OP_REPLY: flags, cursor, starting from, one document. OP_MSG: flags, section of kind 0.
    const prefix = opcode === OP_QUERY ? Buffer.alloc(20) : Buffer.alloc(5);
    if (opcode === OP_QUERY) prefix.writeInt32LE(1, 16);
    const header = Buffer.alloc(16);
    header.writeInt32LE(16 + prefix.length + body.length, 0);
    header.writeInt32LE(message.readInt32LE(4), 8);
    header.writeInt32LE(opcode === OP_QUERY ? OP_REPLY : OP_MSG, 12);
    return Buffer.concat([header, prefix, body]);
  }

  #answer(command: Document, sequences: ReadonlyMap<string, Document[]>): Document {
    const [name] = Object.keys(command);
    switch (name) {
      case 'ismaster':
      case 'isMaster':
      case 'hello':
        return {
          ismaster: true,
          isWritablePrimary: true,
          helloOk: true,
          maxBsonObjectSize: 16_777_216,
          maxMessageSizeBytes: 48_000_000,
          maxWriteBatchSize: 100_000,
          minWireVersion: 0,
          maxWireVersion: 25,
          localTime: new Date(0),
          ok: 1,
        };
      case 'update':
        return this.#update(sequences.get('updates') ?? (command['updates'] as Document[]));
      case 'find': {
        const found = [...this.users.keys()].sort().slice(0, Number(command['limit']));
        return cursor(found.map((_id) => ({ _id })));
      }
      case 'aggregate':
        return cursor([{ _id: 1, n: this.users.size }]);
      case 'endSessions':
      case 'ping':
        return { ok: 1 };
      default:
        return { ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: `no such command: ${name}` };
    }
  }

  #update(updates: readonly Document[]): Document {
    const upserted: Document[] = [];
    for (const [index, { q, u, upsert }] of updates.entries()) {
      const { _id } = q as { _id: string };
      if (!this.users.has(_id) && upsert === true) upserted.push({ index, _id });
      this.users.set(_id, { _id, ...(u as Document) });
    }
    return { ok: 1, n: updates.length, nModified: updates.length - upserted.length, upserted };
  }
}

function cursor(firstBatch: readonly Document[]): Document {
  return { ok: 1, cursor: { id: BSON.Long.ZERO, ns: 'shop.users', firstBatch } };
}

function parseQuery(message: Buffer): { command: Document; sequences: Map<string, Document[]> } {
  const afterName = message.indexOf(0, 20) + 1;
  return { command: BSON.deserialize(message.subarray(afterName + 8)), sequences: new Map() };
}

function parseMessage(message: Buffer): { command: Document; sequences: Map<string, Document[]> } {
  let command: Document = {};
  const sequences = new Map<string, Document[]>();
  for (let at = 20; at < message.length;) {
    const kind = message.readUInt8(at++);
    const size = message.readInt32LE(at);
    const section = message.subarray(at, at + size);
    at += size;
    if (kind === 0) command = BSON.deserialize(section);
    else {
      const afterName = section.indexOf(0, 4) + 1;
      const documents: Document[] = [];
      for (let from = afterName; from < size; from += section.readInt32LE(from)) {
        documents.push(BSON.deserialize(section.subarray(from, from + section.readInt32LE(from))));
      }
      sequences.set(section.toString('utf8', 4, afterName - 1), documents);
    }
  }
  return { command, sequences };
}

describe.skipIf(!driver)('users in MongoDB, over the wire protocol (needs the package mongodb)', () => {
  const mongod = new StandIn();
  let store: UserStore;
  beforeAll(async () => {
    store = await mongoUsers(await mongod.start());
  });
  afterAll(async () => {
    await store.close();
    mongod.stop();
  });

  test('are one document each, with their hash, under their name', async () => {
    await store.save([
      { username: 'carol', passwordHash: '$argon2id$c' },
      { username: 'alice', passwordHash: '$argon2id$a' },
    ]);
    expect(mongod.users.get('alice')).toMatchObject({ _id: 'alice', passwordHash: '$argon2id$a' });
    expect(await store.count()).toBe(2);
    expect(await store.list(10)).toEqual(['alice', 'carol']);
    expect(await store.list(1)).toEqual(['alice']);
  });

  test('a name that is there already gets the new hash', async () => {
    await store.save([{ username: 'alice', passwordHash: '$argon2id$new' }]);
    expect(mongod.users.get('alice')).toMatchObject({ passwordHash: '$argon2id$new' });
    expect(await store.count()).toBe(2);
  });
});
