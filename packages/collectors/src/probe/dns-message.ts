/** The DNS messages that a probe needs (RFC 1035, section 4). */

export const RECORD_TYPES: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  CAA: 257,
  ANY: 255,
};

const RCODES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
];

export interface DnsRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  /** As zone files write it, for the types known here; else hexadecimal. */
  readonly data: string;
}

export interface DnsAnswer {
  readonly id: number;
  readonly rcode: string;
  readonly truncated: boolean;
  readonly answer: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
}

export interface DnsQuestion {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly recursionDesired: boolean;
}

const RECURSION_DESIRED = 0x0100;
const TRUNCATED = 0x0200;
const CLASS_IN = 1;

/** @throws Error for a name that cannot be a name */
export function encodeQuestion({ id, name, type, recursionDesired }: DnsQuestion): Buffer {
  const labels = name
    .replace(/\.$/, '')
    .split('.')
    .filter((label) => label !== '')
    .map((label) => Buffer.from(label));
  if (labels.some((label) => label.length > 63)) throw new Error(`${JSON.stringify(name)} is not a name`);
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(recursionDesired ? RECURSION_DESIRED : 0, 2);
  header.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(5);
  tail.writeUInt16BE(type, 1);
  tail.writeUInt16BE(CLASS_IN, 3);
  return Buffer.concat([header, ...labels.flatMap((label) => [Buffer.of(label.length), label]), tail]);
}

/** @throws Error where the message is damaged */
export function decodeAnswer(message: Buffer): DnsAnswer {
  if (message.length < 12) throw new Error('the DNS answer is too short');
  const reader = new MessageReader(message);
  const flags = message.readUInt16BE(2);
  for (let i = 0; i < message.readUInt16BE(4); i++) reader.skipQuestion();
  const section = (count: number): DnsRecord[] => Array.from({ length: count }, () => reader.record());
  return {
    id: message.readUInt16BE(0),
    rcode: RCODES[flags & 15] ?? `RCODE${flags & 15}`,
    truncated: (flags & TRUNCATED) !== 0,
    answer: section(message.readUInt16BE(6)),
    authority: section(message.readUInt16BE(8)),
    additional: section(message.readUInt16BE(10)),
  };
}

class MessageReader {
  readonly #message: Buffer;
  #at = 12;

  constructor(message: Buffer) {
    this.#message = message;
  }

  skipQuestion(): void {
    this.#name();
    this.#at += 4;
  }

  record(): DnsRecord {
    const name = this.#name();
    const number = this.#message.readUInt16BE(this.#at);
    const ttl = this.#message.readUInt32BE(this.#at + 4);
    const length = this.#message.readUInt16BE(this.#at + 8);
    this.#at += 10;
    const end = this.#at + length;
    if (end > this.#message.length) throw new Error('the DNS answer is truncated');
    const type = Object.entries(RECORD_TYPES).find(([, value]) => value === number)?.[0] ?? `TYPE${number}`;
    const data = this.#data(type, end);
    this.#at = end;
    return { name, type, ttl, data };
  }

  #data(type: string, end: number): string {
    const message = this.#message;
    switch (type) {
      case 'A':
        return [...message.subarray(this.#at, end)].join('.');
      case 'AAAA':
        return (message.toString('hex', this.#at, end).match(/.{4}/g) ?? []).join(':');
      case 'NS':
      case 'CNAME':
      case 'PTR':
        return this.#name();
      case 'MX':
        return `${this.#number()} ${this.#name()}`;
      case 'SRV':
        return `${this.#number()} ${this.#number()} ${this.#number()} ${this.#name()}`;
      case 'SOA':
        return `${this.#name()} ${this.#name()} ${[0, 4, 8, 12, 16].map((i) => message.readUInt32BE(this.#at + i)).join(' ')}`;
      case 'TXT':
        return this.#texts(end)
          .map((text) => JSON.stringify(text))
          .join(' ');
      default:
        return message.toString('hex', this.#at, end);
    }
  }

  #number(): number {
    this.#at += 2;
    return this.#message.readUInt16BE(this.#at - 2);
  }

  #texts(end: number): string[] {
    const texts: string[] = [];
    while (this.#at < end) {
      const length = this.#message.readUInt8(this.#at);
      texts.push(this.#message.toString('utf8', this.#at + 1, this.#at + 1 + length));
      this.#at += 1 + length;
    }
    return texts;
  }

  /** A name may end in a pointer to an earlier one, which must not lead in a circle. */
  #name(): string {
    const labels: string[] = [];
    let at = this.#at;
    let after: number | undefined;
    for (let jumps = 0; ;) {
      const length = this.#message.readUInt8(at);
      if (length === 0) break;
      if (length >= 0xc0) {
        if (++jumps > 20) throw new Error('the DNS answer points in a circle');
        after ??= at + 2;
        at = this.#message.readUInt16BE(at) & 0x3fff;
        continue;
      }
      labels.push(this.#message.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    this.#at = after ?? at + 1;
    return `${labels.join('.')}.`;
  }
}
