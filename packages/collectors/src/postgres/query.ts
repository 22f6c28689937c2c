import type { Exposition, LabelValues } from '../exposition.ts';
import type { Row } from './connection.ts';

/** One query and the families that its rows fill, under postgres_exporter's names. */
export interface PostgresQuery {
  /** The label `collector` of pg_scrape_collector_success. */
  readonly name: string;
  /** By `server_version_num`, e.g. 150018; undefined where this version has nothing of the kind. */
  readonly sql: (version: number) => string | undefined;
  readonly add: (row: Row, out: Exposition, server: LabelValues) => void;
}

/** NaN for NULL: no sample. */
export const number = (value: unknown): number =>
  value === null || value === undefined ? NaN : Number(value);
export const text = (value: unknown): string =>
  value === null || value === undefined ? '' : String(value as string);

/** Adds each column of a row as `prefix_column`. */
export function addColumns(
  out: Exposition,
  type: 'counter' | 'gauge',
  prefix: string,
  row: Row,
  columns: Readonly<Record<string, string>>,
  labels: LabelValues,
): void {
  for (const [column, help] of Object.entries(columns))
    out[type](`${prefix}_${column}`, help, number(row[column]), labels);
}
