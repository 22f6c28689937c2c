/** Which format a body is in, and which ones to ask for. */
import { ExpositionError, type ExpositionParser } from './parser.ts';
import { ProtobufParser, type ProtobufParserOptions } from './protobuf-parser.ts';
import type { SeriesTable } from './series-table.ts';
import { TextParser } from './text-parser.ts';

/** As `scrape_protocols` names them in prometheus.yml. */
export type ScrapeProtocol =
  | 'PrometheusProto'
  | 'OpenMetricsText1.0.0'
  | 'OpenMetricsText0.0.1'
  | 'PrometheusText1.0.0'
  | 'PrometheusText0.0.4';

export const PROTOCOL_HEADERS: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto:
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0;escaping=allow-utf-8',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
};

export const DEFAULT_PROTOCOLS: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
];

/** The `Accept` header that prefers the protocols in their order. */
export function acceptHeader(protocols: readonly ScrapeProtocol[]): string {
  const preferences = protocols.map((name, i) => `${PROTOCOL_HEADERS[name]};q=0.${protocols.length + 1 - i}`);
  return [...preferences, `*/*;q=0.1`].join(',');
}

export type ExpositionFormat = 'text' | 'openmetrics' | 'protobuf';

/** @returns undefined for a content type that is none of ours */
export function formatOf(contentType: string | undefined): ExpositionFormat | undefined {
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (type === 'application/openmetrics-text') return 'openmetrics';
  if (type === 'text/plain') return 'text';
  const delimited =
    parameters.includes('encoding=delimited') && parameters.some((each) => each.startsWith('proto='));
  return type === 'application/vnd.google.protobuf' && delimited ? 'protobuf' : undefined;
}

/** @param table series known from another format of the same target */
export function createParser(
  format: ExpositionFormat,
  options: ProtobufParserOptions = {},
  table?: SeriesTable,
): ExpositionParser {
  return format === 'protobuf' ? new ProtobufParser(options, table) : new TextParser(format, table);
}

/**
 * The format to read a body in. A target that says nothing useful is read as the fallback says.
 * @throws ExpositionError without a usable type and fallback
 */
export function chooseFormat(contentType: string | undefined, fallback?: ScrapeProtocol): ExpositionFormat {
  const format = formatOf(contentType) ?? (fallback && formatOf(PROTOCOL_HEADERS[fallback]));
  if (format !== undefined) return format;
  const said = contentType ? `unsupported Content-Type ${JSON.stringify(contentType)}` : 'no Content-Type';
  throw new ExpositionError(`received ${said}; set fallback_scrape_protocol for targets like this`);
}
