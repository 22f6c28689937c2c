import { Registry } from 'prom-client';

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** What `GET /metrics` answers: OpenMetrics 1.0 to those whose `Accept` prefers it, else the text format 0.0.4. */
export async function exposition(registry: Registry, accept: string | undefined): Promise<Exposition> {
  return prefersOpenMetrics(accept)
    ? { contentType: Registry.OPENMETRICS_CONTENT_TYPE, body: await openMetrics(registry) }
    : { contentType: Registry.PROMETHEUS_CONTENT_TYPE, body: await registry.metrics() };
}

/**
 * In OpenMetrics a counter's family is named without the `_total` of its samples, and what lacks that suffix is no
 * counter. prom-client does this by renaming the metrics for good, which would spoil the next text scrape, so the
 * text is translated here.
 */
async function openMetrics(registry: Registry): Promise<string> {
  const text = await registry.metrics();
  return text
    .replace(/^# HELP (\S+)_total (.*)\n# TYPE \1_total counter$/gm, '# HELP $1 $2\n# TYPE $1 counter')
    .replace(/^# HELP (\S+)(.*)\n# TYPE \1 counter\n(?=\1[ {])/gm, '# HELP $1$2\n# TYPE $1 unknown\n')
    .replace(/\n\n/g, '\n')
    .concat('# EOF\n');
}

function prefersOpenMetrics(accept: string | undefined): boolean {
  let open = 0;
  let text = 0;
  for (const range of accept?.split(',') ?? []) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    const q = quality === undefined ? 1 : Number(quality.slice(2)) || 0;
    if (type === 'application/openmetrics-text') open = Math.max(open, q);
    else if (type === 'text/plain') text = Math.max(text, q);
  }
  return open > 0 && open >= text;
}
