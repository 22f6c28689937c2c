import { displayName, numberFields, timeField, type Frame } from './frame.ts';

/** A grid of counts: columns are times, rows are buckets from low to high. */
export interface HeatmapModel {
  times: number[];
  /** ms between columns. */
  step: number;
  /** Names of the rows, e.g. upper bounds. */
  rows: string[];
  /** cells[row][column] */
  cells: number[][];
  max: number;
}

const empty: HeatmapModel = { times: [], step: 60_000, rows: [], cells: [], max: 0 };

function columnsOf(frames: readonly Frame[]): { times: number[]; step: number } {
  const times = [...new Set(frames.flatMap((frame) => (timeField(frame)?.values ?? []).map(Number)))].sort(
    (a, b) => a - b,
  );
  let step = Infinity;
  for (let index = 1; index < times.length; index++)
    step = Math.min(step, (times[index] ?? 0) - (times[index - 1] ?? 0));
  return { times, step: Number.isFinite(step) ? step : 60_000 };
}

function maximum(cells: number[][]): number {
  return cells.reduce((most, row) => row.reduce((high, value) => Math.max(high, value), most), 0);
}

/** Series that are buckets already: one row each, in the order of their bounds. */
function fromBuckets(frames: readonly Frame[]): HeatmapModel {
  const { times, step } = columnsOf(frames);
  const columnOf = new Map(times.map((time, index) => [time, index]));
  const rows = frames.flatMap((frame) =>
    numberFields(frame).map((field) => ({
      name: displayName(field),
      field,
      times: timeField(frame)?.values ?? [],
    })),
  );
  const bound = (name: string): number => (name === '+Inf' ? Infinity : Number.parseFloat(name));
  if (rows.every(({ name }) => !Number.isNaN(bound(name))))
    rows.sort((a, b) => bound(a.name) - bound(b.name));
  const cells = rows.map(({ field, times: own }) => {
    const line = times.map(() => 0);
    for (const [row, time] of own.entries())
      line[columnOf.get(Number(time)) ?? -1] = Number(field.values[row] ?? 0);
    return line;
  });
  return { times, step, rows: rows.map(({ name }) => name), cells, max: maximum(cells) };
}

const bucketCount = 20;

/** Values counted into equal buckets between the least and the greatest. */
function fromValues(frames: readonly Frame[]): HeatmapModel {
  const { times, step } = columnsOf(frames);
  const values = frames.flatMap((frame) =>
    numberFields(frame).flatMap((field) =>
      field.values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value)),
    ),
  );
  if (values.length === 0) return empty;
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const size = (high - low) / bucketCount || 1;
  const columnOf = new Map(times.map((time, index) => [time, index]));
  const cells = Array.from({ length: bucketCount }, () => times.map(() => 0));
  for (const frame of frames) {
    const own = timeField(frame)?.values ?? [];
    for (const field of numberFields(frame)) {
      for (const [row, value] of field.values.entries()) {
        const bucket =
          typeof value === 'number'
            ? cells[Math.min(bucketCount - 1, Math.floor((value - low) / size))]
            : undefined;
        const column = columnOf.get(Number(own[row]));
        if (bucket && column !== undefined) bucket[column] = (bucket[column] ?? 0) + 1;
      }
    }
  }
  const rows = cells.map((_row, index) => String(Number((low + size * (index + 1)).toPrecision(3))));
  return { times, step, rows, cells, max: maximum(cells) };
}

export function buildHeatmap(frames: readonly Frame[], calculate: boolean): HeatmapModel {
  return calculate ? fromValues(frames) : fromBuckets(frames);
}
