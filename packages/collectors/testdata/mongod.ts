/** Stands in for mongod: speaks OP_MSG (MongoDB wire protocol) and answers commands from a table. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { deserialize, serialize } from 'bson';

const OP_MSG = 2013;
const OP_QUERY = 2004;
const OP_REPLY = 1;

type Document = Record<string, unknown>;

export class FakeMongod {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly commands: string[] = [];

  constructor(answers: Readonly<Record<string, (command: Document) => Document>>) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
      let received = Buffer.alloc(0);
      socket.on('data', (data) => {
        received = Buffer.concat([received, data]);
        while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
          const length = received.readInt32LE(0);
          this.#answer(socket, received.subarray(0, length), answers);
          received = received.subarray(length);
        }
      });
    });
  }

  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(socket: Socket, message: Buffer, answers: Readonly<Record<string, (command: Document) => Document>>): void {
    const id = message.readInt32LE(4);
    const code = message.readInt32LE(12);
    // OP_QUERY: flags, the collection's name, skip and limit come before the command.
    const start = code === OP_QUERY ? message.indexOf(0, 20) + 9 : 21;
    const command = deserialize(message.subarray(start)) as Document;
    const [name = ''] = Object.keys(command);
    this.commands.push(name);
    const answer = answers[name]?.(command) ?? (/^(hello|isMaster|ismaster)$/.test(name) ? HELLO : { ok: 1 });
    const body = Buffer.from(serialize(answer));
    const prefix = code === OP_QUERY ? Buffer.alloc(20) : Buffer.alloc(5);
    if (code === OP_QUERY) prefix.writeInt32LE(1, 16);
    const header = Buffer.alloc(16);
    header.writeInt32LE(16 + prefix.length + body.length, 0);
    header.writeInt32LE(id, 8);
    header.writeInt32LE(code === OP_QUERY ? OP_REPLY : OP_MSG, 12);
    socket.write(Buffer.concat([header, prefix, body]));
  }
}

const HELLO = {
  isWritablePrimary: true, ismaster: true, helloOk: true, maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000, minWireVersion: 0, maxWireVersion: 25, readOnly: false, ok: 1,
};
