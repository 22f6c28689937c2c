import type { JSX } from 'preact';
import type { QueryAnswer, Series } from '../api/prometheus.ts';
import { formatDateTime } from '../time.ts';
import { Empty } from '../ui/basics.tsx';

const rowLimit = 500;

function SeriesText({ series }: { series: Series }): JSX.Element {
  const { __name__: name = '', ...labels } = series.labels;
  const pairs = Object.entries(labels);
  return (
    <span class="mono break">
      <span class="tok-metric">{name}</span>
      {pairs.length > 0 && '{'}
      {pairs.map(([label, value], index) => (
        <span key={label}>
          {index > 0 && ', '}
          <span class="tok-label">{label}</span>=<span class="tok-string">{JSON.stringify(value)}</span>
        </span>
      ))}
      {pairs.length > 0 && '}'}
      {name === '' && pairs.length === 0 && '{}'}
    </span>
  );
}

/** The answer as rows: series and values as Prometheus gives them, not rounded. */
export function QueryTable({ answer }: { answer: QueryAnswer }): JSX.Element {
  if (answer.type === 'string') return <p class="mono">{answer.text}</p>;
  if (answer.series.length === 0) return <Empty title="Empty result" />;
  return (
    <div class="table-box">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">{answer.type === 'scalar' ? 'Scalar' : `${answer.series.length} series`}</th>
            <th scope="col" class="num">
              Value
            </th>
          </tr>
        </thead>
        <tbody>
          {answer.series.slice(0, rowLimit).map((series, index) => (
            <tr key={index}>
              <td>
                <SeriesText series={series} />
              </td>
              <td class="num mono">
                {series.values.slice(-20).map((value, at) => (
                  <div key={at}>
                    {String(value)}
                    {answer.type === 'matrix' && (
                      <small class="dim">
                        {' '}
                        @ {formatDateTime(series.times.at(-20 + at) ?? series.times[at] ?? 0)}
                      </small>
                    )}
                  </div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {answer.series.length > rowLimit && <p class="dim">The first {rowLimit} are shown.</p>}
    </div>
  );
}
