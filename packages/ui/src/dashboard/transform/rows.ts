import { bool, str, strings, type JsonObject } from '../../json.ts';
import {
  displayName,
  field,
  frame,
  numberFields,
  timeField,
  type Cell,
  type Field,
  type Frame,
} from '../frame.ts';
import { reduceField, reducerLabel } from '../reduce.ts';

/** Labels of series become columns (and the value keeps its name, or takes that of the label chosen). */
export function labelsToFields(frames: Frame[], options: JsonObject): Frame[] {
  const keep = strings(options['keepLabels']);
  const valueLabel = str(options['valueLabel']);
  if (options['mode'] === 'rows') return frames.map(labelRows);
  return frames.map((source) => {
    const columns = new Map<string, Cell[]>();
    const fields = source.fields.map((one): Field => {
      for (const [name, value] of Object.entries(one.labels)) {
        if (name !== valueLabel && (keep.length === 0 || keep.includes(name)))
          columns.set(
            name,
            Array.from({ length: source.length }, () => value),
          );
      }
      const { legend: _legend, ...rest } = one;
      return one.type === 'time'
        ? one
        : { ...rest, labels: {}, name: one.labels[valueLabel] ?? one.labels['__name__'] ?? one.name };
    });
    const [time, ...others] = fields;
    const labels = [...columns]
      .filter(([name]) => name !== '__name__')
      .map(([name, values]) => field(name, 'string', values));
    return time?.type === 'time'
      ? frame(source.refId, [time, ...labels, ...others])
      : frame(source.refId, [...labels, ...fields]);
  });
}

function labelRows(source: Frame): Frame {
  const pairs = source.fields.flatMap((one) => Object.entries(one.labels));
  return frame(source.refId, [
    field(
      'label',
      'string',
      pairs.map(([name]) => name),
    ),
    field(
      'value',
      'string',
      pairs.map(([, value]) => value),
    ),
  ]);
}

/** All points of all series in one table: Time, Metric, Value. */
export function seriesToRows(frames: Frame[], _options: JsonObject = {}): Frame[] {
  const times: Cell[] = [];
  const names: Cell[] = [];
  const values: Cell[] = [];
  for (const source of frames) {
    const time = timeField(source);
    for (const one of numberFields(source)) {
      for (const [row, value] of one.values.entries()) {
        times.push(time?.values[row] ?? null);
        names.push(displayName(one));
        values.push(value);
      }
    }
  }
  const order = times.map((_time, row) => row).sort((a, b) => Number(times[b]) - Number(times[a]));
  const sorted = (column: Cell[]): Cell[] => order.map((row) => column[row] ?? null);
  return [
    frame(frames[0]?.refId ?? 'A', [
      field('Time', 'time', sorted(times)),
      field('Metric', 'string', sorted(names)),
      field('Value', 'number', sorted(values)),
    ]),
  ];
}

/** One row for each series, one column for each calculation; or one row for each frame, fields kept. */
export function reduceTransform(frames: Frame[], options: JsonObject): Frame[] {
  const calcs = strings(options['reducers']);
  const chosen = calcs.length === 0 ? ['max'] : calcs;
  if (options['mode'] === 'reduceFields') {
    return frames.map((source) =>
      frame(
        source.refId,
        numberFields(source).map((one) => ({ ...one, values: [reduceField(one, chosen[0] ?? 'max')] })),
      ),
    );
  }
  const all = frames.flatMap((source) =>
    source.fields.filter(
      (one) => one.type === 'number' || (bool(options['includeTimeField']) && one.type === 'time'),
    ),
  );
  const labelNames = bool(options['labelsToFields'])
    ? [...new Set(all.flatMap((one) => Object.keys(one.labels)))]
    : [];
  return [
    frame(frames[0]?.refId ?? 'A', [
      field(
        'Field',
        'string',
        all.map((one) => displayName(one)),
      ),
      ...labelNames.map((name) =>
        field(
          name,
          'string',
          all.map((one) => one.labels[name] ?? ''),
        ),
      ),
      ...chosen.map((calc) =>
        field(
          reducerLabel(calc),
          'number',
          all.map((one) => reduceField(one, calc)),
        ),
      ),
    ]),
  ];
}
