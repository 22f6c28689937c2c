/**
 * A safe subset of Markdown as a tree: headings, paragraphs, lists, tables, code, quotes, emphasis and links.
 * Nothing is ever HTML; tags in the source are left out and their text is kept.
 */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong' | 'em'; children: Inline[] }
  | { kind: 'link'; href: string; children: Inline[] };

export type Block =
  | { kind: 'heading'; level: number; children: Inline[] }
  | { kind: 'paragraph' | 'quote'; children: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' };

/** Only addresses that cannot run script; others give undefined. */
export function safeUrl(url: string): string | undefined {
  const trimmed = url.trim();
  if (/^(https?:|mailto:)/i.test(trimmed)) return trimmed;
  return /^(\/(?!\/)|#|\?|\.{1,2}\/|[\w-]+(\/|$))/.test(trimmed) && !/^[\w+.-]*:/.test(trimmed)
    ? trimmed
    : undefined;
}

const token =
  /`([^`]+)`|\*\*(.+?)\*\*|__(.+?)__|\*([^*\s][^*]*)\*|\b_([^_]+)_\b|!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)|(https?:\/\/[^\s<>)]+)/;

export function parseInline(text: string): Inline[] {
  const out: Inline[] = [];
  let rest = text;
  for (let found = token.exec(rest); found; found = token.exec(rest)) {
    if (found.index > 0) out.push({ kind: 'text', text: rest.slice(0, found.index) });
    out.push(inline(found));
    rest = rest.slice(found.index + found[0].length);
  }
  if (rest !== '') out.push({ kind: 'text', text: rest });
  return out;
}

function inline(found: RegExpExecArray): Inline {
  const [whole, code, strong, strong2, em, em2, label, url, bare] = found;
  if (code !== undefined) return { kind: 'code', text: code };
  const bold = strong ?? strong2;
  if (bold !== undefined) return { kind: 'strong', children: parseInline(bold) };
  const emphasis = em ?? em2;
  if (emphasis !== undefined) return { kind: 'em', children: parseInline(emphasis) };
  const href = safeUrl(url ?? bare ?? '');
  const children: Inline[] = [{ kind: 'text', text: label ?? bare ?? whole }];
  return href === undefined
    ? (children[0] ?? { kind: 'text', text: whole })
    : { kind: 'link', href, children };
}

/** Removes HTML tags and comments; entities of the five reserved characters are decoded. */
export function stripTags(html: string): string {
  return html
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, '')
    .replace(/<br\s*\/?>/gi, '\n')
    .replace(/<\/(p|div|h\d|li|tr)>/gi, '\n')
    .replace(/<\/?[a-z][^>]*>/gi, '')
    .replace(
      /&(amp|lt|gt|quot|#39|nbsp);/g,
      (_whole, name: string) =>
        ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ' })[name] ?? '',
    );
}

const cells = (line: string): Inline[][] =>
  line
    .replace(/^\s*\||\|\s*$/g, '')
    .split('|')
    .map((cell) => parseInline(cell.trim()));

interface Reader {
  lines: string[];
  at: number;
}

function takeWhile(reader: Reader, test: (line: string) => boolean): string[] {
  const start = reader.at;
  while (reader.at < reader.lines.length && test(reader.lines[reader.at] ?? '')) reader.at++;
  return reader.lines.slice(start, reader.at);
}

const listItem = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const startsBlock = /^\s*(#{1,6}\s|```|>|[-*+]\s|\d+[.)]\s|(?:-{3,}|\*{3,})\s*$)/;

function readBlock(reader: Reader, line: string): Block {
  const heading = /^\s*(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (heading) {
    reader.at++;
    return { kind: 'heading', level: heading[1]?.length ?? 1, children: parseInline(heading[2] ?? '') };
  }
  if (line.trim().startsWith('```')) {
    reader.at++;
    const text = takeWhile(reader, (inner) => !inner.trim().startsWith('```')).join('\n');
    reader.at++;
    return { kind: 'code', text };
  }
  if (/^\s*(-{3,}|\*{3,})\s*$/.test(line)) {
    reader.at++;
    return { kind: 'rule' };
  }
  if (line.trim().startsWith('>')) {
    return {
      kind: 'quote',
      children: parseInline(
        takeWhile(reader, (inner) => inner.trim().startsWith('>'))
          .map((inner) => inner.replace(/^\s*>\s?/, ''))
          .join(' '),
      ),
    };
  }
  const item = listItem.exec(line);
  if (item) {
    const items = takeWhile(reader, (inner) => listItem.test(inner)).map((inner) =>
      parseInline(listItem.exec(inner)?.[2] ?? ''),
    );
    return { kind: 'list', ordered: item[1] !== undefined, items };
  }
  if (line.includes('|') && /^\s*\|?\s*:?-+/.test(reader.lines[reader.at + 1] ?? '')) {
    const [head = '', , ...rows] = takeWhile(reader, (inner) => inner.includes('|'));
    return { kind: 'table', head: cells(head), rows: rows.map(cells) };
  }
  reader.at++;
  const more = takeWhile(reader, (inner) => inner.trim() !== '' && !startsBlock.test(inner));
  return { kind: 'paragraph', children: parseInline([line, ...more].map((inner) => inner.trim()).join(' ')) };
}

export function parseMarkdown(source: string): Block[] {
  const reader: Reader = { lines: stripTags(source).replaceAll('\r', '').split('\n'), at: 0 };
  const blocks: Block[] = [];
  while (reader.at < reader.lines.length) {
    const line = reader.lines[reader.at] ?? '';
    if (line.trim() === '') reader.at++;
    else blocks.push(readBlock(reader, line));
  }
  return blocks;
}
