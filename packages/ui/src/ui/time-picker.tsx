import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { describeRange, formatDateTime, parseTime, resolveRange, type TimeRange } from '../time.ts';
import { IconButton } from './basics.tsx';
import { Icon } from './icon.tsx';
import { usePopover } from './use-popover.ts';

const quick = ['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '2d', '7d', '30d', '90d'];
export const refreshChoices: readonly string[] = ['', '5s', '10s', '30s', '1m', '5m', '15m'];

interface PickerProps {
  range: TimeRange;
  refresh: string;
  utc?: boolean;
  onChange: (range: TimeRange) => void;
  onRefresh: (every: string) => void;
  onReload: () => void;
}

/** Both ends of the range doubled around its middle. */
function widened(range: TimeRange): TimeRange {
  const { from, to } = resolveRange(range, Date.now());
  const half = (to - from) / 2;
  return { from: String(Math.round(from - half)), to: String(Math.round(Math.min(Date.now(), to + half))) };
}

function Absolute({
  range,
  utc,
  onApply,
}: {
  range: TimeRange;
  utc: boolean;
  onApply: (range: TimeRange) => void;
}): JSX.Element {
  const written = (text: string): string => (/^\d+$/.test(text) ? formatDateTime(Number(text), utc) : text);
  const [from, setFrom] = useState(written(range.from));
  const [to, setTo] = useState(written(range.to));
  const now = Date.now();
  const zoned = (text: string): string =>
    utc && /^\d{4}-/.test(text) && !/Z|[+-]\d\d:?\d\d$/.test(text)
      ? `${text.trim().replace(' ', 'T')}Z`
      : text;
  const ends = [parseTime(zoned(from), now), parseTime(zoned(to), now, true)];
  const problem =
    ends[0] === undefined || ends[1] === undefined
      ? 'Write now-1h, now/d or 2026-11-21 03:00:00'
      : ends[0] >= ends[1]
        ? 'The range ends before it starts'
        : '';
  const stored = (text: string, ms: number | undefined): string =>
    text.trim().startsWith('now') ? text.trim() : String(ms ?? '');
  return (
    <form
      class="picker-absolute"
      onSubmit={(event) => {
        event.preventDefault();
        if (problem === '') onApply({ from: stored(from, ends[0]), to: stored(to, ends[1]) });
      }}
    >
      <label>
        From
        <input value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
      </label>
      <label>
        To
        <input value={to} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      <p class="hint">{problem || (utc ? 'UTC' : 'Local time')}</p>
      <button type="submit" class="primary" disabled={problem !== ''}>
        Apply
      </button>
    </form>
  );
}

/** Range, zoom out, reload and automatic refresh. */
export function TimePicker({
  range,
  refresh,
  utc = false,
  onChange,
  onRefresh,
  onReload,
}: PickerProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = usePopover(open, () => setOpen(false));
  const choose = (next: TimeRange): void => {
    setOpen(false);
    onChange(next);
  };
  const choices = refreshChoices.includes(refresh) ? refreshChoices : [...refreshChoices, refresh];
  return (
    <div class="picker" ref={box}>
      <button
        type="button"
        class="picker-button"
        aria-expanded={open}
        aria-haspopup="dialog"
        onClick={() => setOpen(!open)}
      >
        <Icon name="clock" />
        <span>{describeRange(range, utc)}</span>
        <Icon name="down" size={12} />
      </button>
      <IconButton icon="zoomout" label="Zoom out" onClick={() => onChange(widened(range))} />
      <IconButton icon="refresh" label="Reload now" onClick={onReload} />
      <label class="picker-refresh">
        <span class="sr">Refresh</span>
        <select value={refresh} onChange={(event) => onRefresh(event.currentTarget.value)}>
          {choices.map((every) => (
            <option key={every} value={every}>
              {every === '' ? 'Off' : every}
            </option>
          ))}
        </select>
      </label>
      {open && (
        <div class="popover picker-popover" role="dialog" aria-label="Time range">
          <Absolute range={range} utc={utc} onApply={choose} />
          <ul>
            {quick.map((back) => {
              const next = { from: `now-${back}`, to: 'now' };
              return (
                <li key={back}>
                  <button
                    type="button"
                    aria-pressed={range.from === next.from && range.to === 'now'}
                    onClick={() => choose(next)}
                  >
                    {describeRange(next)}
                  </button>
                </li>
              );
            })}
          </ul>
        </div>
      )}
    </div>
  );
}
