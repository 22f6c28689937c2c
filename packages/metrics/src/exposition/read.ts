import { METRIC_NAME, type Labels } from '../labels.ts';
import type { Exemplar, Metadata } from '../storage.ts';
import type { FloatHistogram, Histogram } from '../histogram/histogram.ts';
import { createParser, type ExpositionFormat } from './formats.ts';

export interface ExposedSample {
  readonly labels: Labels;
  readonly value: number;
  /** ms; absent where none was given */
  readonly timestamp?: number;
  readonly histogram?: Histogram | FloatHistogram;
  readonly exemplars: readonly Exemplar[];
}

export interface Exposition {
  readonly samples: readonly ExposedSample[];
  readonly metadata: ReadonlyMap<string, Metadata>;
}

/** Reads a whole body into objects: for tools and tests. Scraping uses `ExpositionParser`. @throws ExpositionError */
export function readExposition(body: Uint8Array | string, format: ExpositionFormat = 'text'): Exposition {
  const parser = createParser(format);
  parser.start(typeof body === 'string' ? Buffer.from(body) : body);
  const samples: ExposedSample[] = [];
  while (parser.next()) {
    const { value, timestamp, histogram, exemplars } = parser;
    samples.push({
      labels: parser.table.labels(parser.series),
      value,
      exemplars,
      ...(!Number.isNaN(timestamp) && { timestamp }),
      ...(histogram && { histogram }),
    });
  }
  return { samples, metadata: parser.metadata };
}

/** The family that a sample belongs to, by its name and what is known of families. */
export function familyOf(labels: Labels, metadata: ReadonlyMap<string, Metadata>): string {
  const name = labels.get(METRIC_NAME);
  if (metadata.has(name)) return name;
  const base = name.replace(/_(?:total|bucket|sum|count|created|info|gsum|gcount)$/, '');
  return metadata.has(base) ? base : name;
}
