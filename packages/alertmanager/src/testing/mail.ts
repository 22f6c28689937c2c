/** For tests: reads a mail as a mail program does, as far as those of Alertmanager go: RFC 2045, 2046, 2047. */

export interface ReadMail {
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** By media type; spaces at the end are left out. */
  readonly parts: Readonly<Record<string, string>>;
}

export function readMail(text: string): ReadMail {
  const { headers, body } = splitEntity(text);
  const boundary = /boundary="?([^";]+)/.exec(headers.get('content-type') ?? '')?.[1];
  const entities = boundary === undefined ? [text] : body.split(`--${boundary}`).slice(1, -1);
  const parts = entities.map((each) => {
    const entity = splitEntity(each.replace(/^\r\n/, ''));
    const type = (entity.headers.get('content-type') ?? '').replace(/;.*/, '');
    const encoding = entity.headers.get('content-transfer-encoding') ?? '7bit';
    return [type, decodeBody(entity.body, encoding).replaceAll('\r\n', '\n').trimEnd()];
  });
  return { headers, parts: Object.fromEntries(parts) as Record<string, string> };
}

function splitEntity(text: string): { headers: Map<string, string>; body: string } {
  const [, head = '', body = ''] = /^([^]*?)\r\n\r\n([^]*)$/.exec(text) ?? [];
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const headers = lines.map((line) => {
    const [, name = '', value = ''] = /^([^:]*): *(.*)$/.exec(line) ?? [];
    return [name.toLowerCase(), decodeWords(value)] as const;
  });
  return { headers: new Map(headers), body };
}

function decodeBody(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString();
  return encoding === 'quoted-printable' ? unquote(body.replace(/=\r\n/g, '')) : body;
}

/** `=?utf-8?q?=C3=A4?=`; words beside each other are one. */
function decodeWords(value: string): string {
  return value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([qb])\?(.*?)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString('latin1')
        : unquoteBytes(word.replaceAll('_', ' ')),
    )
    .replace(/[\x80-\xff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString())
    .trim();
}

function unquote(text: string): string {
  return Buffer.from(unquoteBytes(text), 'latin1').toString();
}

function unquoteBytes(text: string): string {
  return text.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
