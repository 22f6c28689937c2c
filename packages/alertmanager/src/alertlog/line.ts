import { Labels } from '@prunella/metrics';

/** What a line of an alert log says. */
export interface AlertLogEntry {
  /** The identity: equal lines have equal labels. */
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
}

const SEVERITY = /\b(critical|fatal|error|warning|warn)\b/i;
const FIELD = /([\w.-]+)=("(?:[^"\\]|\\.)*"|\S+)/g;
/** Fields that say which thing is meant; others are details. */
const IDENTITY = ['container', 'name', 'service', 'instance', 'host', 'metric'];
/** Our own file receiver marks what it writes: its lines come from alerts that we know. */
export const OWN_MARK = 'source=prunella';

const SEVERITIES: Readonly<Record<string, string>> = {
  warn: 'warning',
  fatal: 'critical',
  error: 'critical',
};

/**
 * Reads `2026-01-05T12:00:00Z CRITICAL container=api metric=cpu value=93 threshold=40 message="…"`; only the severity
 * is needed, what is no field is the message.
 * @returns undefined for lines that are no alert, or that we wrote ourselves
 */
export function parseAlertLine(line: string): AlertLogEntry | undefined {
  const severity = SEVERITY.exec(line)?.[1]?.toLowerCase();
  if (severity === undefined || line.includes(OWN_MARK)) return undefined;
  const fields = new Map(
    [...line.matchAll(FIELD)].map(([, name, value]) => [name as string, unquote(value as string)]),
  );
  if (fields.get('status') === 'resolved') return undefined;
  const field = (name: string): string => fields.get(name) ?? '';
  const identity = IDENTITY.map((name) => [name, field(name)] as const);
  const alertname = field('alert') || field('alertname') || field('metric') || 'AlertLogEntry';
  const labels = Labels.from({
    alertname,
    severity: SEVERITIES[severity] ?? severity,
    ...(Object.fromEntries(identity) as Record<string, string>),
    // Without a thing that it is about, the text is what tells two lines apart.
    ...(identity.every(([, value]) => value === '') && { text: remainder(line) }),
  });
  const description =
    field('message') || describe(field('metric'), field('value'), field('threshold')) || remainder(line);
  return { labels, annotations: { description, value: field('value'), threshold: field('threshold') } };
}

function describe(metric: string, value: string, threshold: string): string {
  if (metric === '' || value === '') return '';
  return `${metric} is ${value}${threshold === '' ? '' : `, the threshold is ${threshold}`}.`;
}

/** The line without its time, its severity and its fields. */
function remainder(line: string): string {
  return line
    .replace(/^\[?\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\]?/, '')
    .replace(SEVERITY, '')
    .replace(FIELD, '')
    .replace(/^[\s[\]:|-]+/, '')
    .trim();
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return JSON.parse(value) as string;
  } catch {
    return value.slice(1, -1);
  }
}
