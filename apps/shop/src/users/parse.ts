export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What is wrong with an upload. Names lines by number only: their text may be a password. */
export class UploadError extends Error {
  override name = 'UploadError';
  readonly status: 413 | 422;
  constructor(message: string, status: 413 | 422 = 422) {
    super(message);
    this.status = status;
  }
}

export interface ParsedUpload {
  /** One per username: of two lines with the same one the later counts. */
  readonly users: Credentials[];
  readonly lines: number;
  readonly duplicates: number;
}

const MAX_LINE = 64 * 1024;
const MAX_USERNAME = 200;
const MAX_NAMED_LINES = 10;

/**
 * Reads `username:password` lines as they stream in. Empty lines, CRLF and a byte order mark are fine, and the password
 * may contain colons. One bad line refuses the file, so that nobody has to find out which half was stored.
 * @throws UploadError
 */
export async function parseUpload(chunks: AsyncIterable<Uint8Array>): Promise<ParsedUpload> {
  const passwords = new Map<string, string>();
  const bad: number[] = [];
  let line = 0;
  let pairs = 0;
  for await (const text of lines(chunks)) {
    line++;
    if (text.trim() === '') continue;
    const colon = text.indexOf(':');
    const username = text.slice(0, colon).trim();
    if (colon < 0 || username === '' || username.length > MAX_USERNAME || colon === text.length - 1) {
      bad.push(line);
      continue;
    }
    pairs++;
    passwords.set(username, text.slice(colon + 1));
  }
  if (bad.length > 0) {
    const named = bad.slice(0, MAX_NAMED_LINES).join(', ');
    const more = bad.length > MAX_NAMED_LINES ? ` and ${bad.length - MAX_NAMED_LINES} more` : '';
    throw new UploadError(`Not username:password: line ${named}${more}`);
  }
  const users = [...passwords].map(([username, password]) => ({ username, password }));
  return { users, lines: pairs, duplicates: pairs - users.length };
}

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true }); // and drops the byte order mark
  let rest = '';
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw new UploadError('Not UTF-8 text');
    }
  };
  for await (const chunk of chunks) {
    const parts = (rest + decode(chunk)).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > MAX_LINE) throw new UploadError(`A line is longer than ${MAX_LINE} characters`, 413);
    for (const part of parts) yield part.replace(/\r$/, '');
  }
  rest += decode();
  if (rest !== '') yield rest.replace(/\r$/, '');
}
