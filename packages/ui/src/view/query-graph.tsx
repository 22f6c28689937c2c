import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { prepareFrames, type PanelData } from '../dashboard/load.ts';
import { readPanel } from '../dashboard/panel-json.ts';
import { answerFrames } from '../dashboard/query-frames.ts';
import type { Panel } from '../dashboard/types.ts';
import { TimeseriesPanel } from '../panels/timeseries.tsx';
import type { AbsoluteRange } from '../time.ts';
import type { Answer, QueryRun } from './query-run.ts';
import { useSize } from './use-size.ts';

const style = {
  type: 'timeseries',
  fieldConfig: { defaults: { custom: { fillOpacity: 3, lineWidth: 1.4, showPoints: 'never' } } },
  options: {
    legend: { displayMode: 'table', placement: 'bottom', calcs: ['min', 'mean', 'max', 'lastNotNull'] },
    tooltip: { mode: 'multi' },
  },
};

function panelOf(run: QueryRun, stacked: boolean): Panel {
  const targets = run.expressions.map((expr, index) => ({ expr, refId: String.fromCodePoint(65 + index) }));
  const panel = readPanel({ ...style, targets });
  if (stacked) {
    Object.assign(panel.defaults.custom, { stacking: { mode: 'normal', group: 'A' }, fillOpacity: 25 });
  }
  return panel;
}

function dataOf(answers: readonly Answer[], run: QueryRun, panel: Panel): PanelData {
  const frames = answers.flatMap(({ answer }, index) => {
    const target = panel.targets[index];
    if (!answer || !target) return [];
    return answerFrames(answer, target, run.expressions[index] ?? '', answers.length > 1);
  });
  return {
    frames: prepareFrames(frames, panel),
    range: run.range,
    errors: [],
    warnings: [],
    queries: run.expressions,
  };
}

interface GraphProps {
  answers: readonly Answer[];
  run: QueryRun;
  onZoom: (range: AbsoluteRange) => void;
}

/** All answers in one chart, with the legend's calculations. */
export function QueryGraph({ answers, run, onZoom }: GraphProps): JSX.Element {
  const [box, size] = useSize<HTMLDivElement>();
  const [stacked, setStacked] = useState(false);
  const panel = useMemo(() => panelOf(run, stacked), [run, stacked]);
  const data = useMemo(() => dataOf(answers, run, panel), [answers, panel]);
  const shared = { utc: false, syncKey: undefined, onZoom, marks: [], fill: (text: string) => text };
  return (
    <div class="explore-graph">
      <label class="check">
        <input type="checkbox" checked={stacked} onChange={() => setStacked(!stacked)} /> Stacked
      </label>
      <div ref={box} class="explore-plot">
        {size.width > 0 && <TimeseriesPanel panel={panel} data={data} {...size} {...shared} />}
      </div>
    </div>
  );
}
