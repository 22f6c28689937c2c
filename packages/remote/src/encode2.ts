/** The message of remote write 2.0, `io.prometheus.write.v2.Request`, for the sender. */
import { ProtobufWriter, type Exemplar, type Labels } from '@prunella/metrics';
import { writeHistogram, writeSample, type RemoteSample, type RemoteSeries } from './messages.ts';

/** Every text of a request once; number 0 is the empty one, as the standard wants it. */
class SymbolTable {
  readonly #refs = new Map<string, number>([['', 0]]);

  get texts(): Iterable<string> {
    return this.#refs.keys();
  }

  ref(text: string): number {
    let ref = this.#refs.get(text);
    if (ref === undefined) this.#refs.set(text, (ref = this.#refs.size));
    return ref;
  }
}

export function encodeWriteRequest2(series: readonly RemoteSeries[]): Uint8Array {
  const symbols = new SymbolTable();
  const body = new ProtobufWriter();
  for (const { labels, samples, exemplars } of series) {
    const floats = samples.filter(({ histogram }) => histogram === undefined);
    const histograms = samples.filter(({ histogram }) => histogram !== undefined);
    // No series may have both kinds, and none may have neither: exemplars go with what there is.
    const parts = floats.length > 0 && histograms.length > 0 ? [floats, histograms] : [samples];
    for (const [i, part] of parts.entries())
      body.message(5, () => writeSeries2(body, symbols, labels, part, i === 0 ? exemplars : []));
  }
  const head = new ProtobufWriter();
  for (const text of symbols.texts) {
    // The empty one, too: `string` would leave it out.
    if (text === '') head.message(4, () => {});
    else head.string(4, text);
  }
  return Buffer.concat([head.finish(), body.finish()]);
}

function writeSeries2(
  writer: ProtobufWriter,
  symbols: SymbolTable,
  labels: Labels,
  samples: readonly RemoteSample[],
  exemplars: readonly Exemplar[],
): void {
  writeRefs(writer, symbols, labels);
  for (const sample of samples) {
    const { histogram, time } = sample;
    if (histogram) writer.message(3, () => writeHistogram(writer, histogram, time));
    else writer.message(2, () => writeSample(writer, sample));
  }
  for (const { labels: of, value, timestamp } of exemplars) {
    writer.message(4, () => {
      writeRefs(writer, symbols, of);
      writer.double(2, value);
      writer.int64(3, timestamp ?? 0);
    });
  }
}

function writeRefs(writer: ProtobufWriter, symbols: SymbolTable, { pairs }: Labels): void {
  if (pairs.length === 0) return;
  writer.message(1, () => {
    for (const text of pairs) writer.varint(symbols.ref(text));
  });
}
