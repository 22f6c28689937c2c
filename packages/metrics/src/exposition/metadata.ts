import type { Metadata, MetricType } from '../storage.ts';

const COMMENT = /^[ \t]*#[ \t]+(TYPE|HELP|UNIT)[ \t]+(?:"((?:[^"\\]|\\.)*)"|([^ \t]+))(?:[ \t]+([^]*))?$/;

const TYPES: ReadonlySet<string> = new Set([
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
  'unknown',
]);

/** Type, help and unit of each family, from the comments of a text body. */
export function readMetadata(body: Buffer, openMetrics: boolean): Map<string, Metadata> {
  const families = new Map<string, Metadata>();
  for (const line of body.toString('utf8').split('\n')) {
    const [, keyword, quoted, plain = '', rest = ''] = COMMENT.exec(line) ?? [];
    if (keyword === undefined) continue;
    const name = quoted === undefined ? plain : unescape(quoted);
    const known = families.get(name) ?? { type: 'unknown', help: '', unit: '' };
    if (keyword === 'TYPE') families.set(name, { ...known, type: metricType(rest.trim()) });
    else if (keyword === 'HELP') families.set(name, { ...known, help: unescape(rest) });
    else if (openMetrics) families.set(name, { ...known, unit: rest });
  }
  return families;
}

function metricType(text: string): MetricType {
  return TYPES.has(text) ? (text as MetricType) : 'unknown';
}

function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\([\\n"])/g, (_, c: string) => (c === 'n' ? '\n' : c)) : text;
}
