import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { workloadLogs } from '../api/prunella.ts';
import { useResource } from '../live.ts';
import { formatDateTime, timeMs } from '../time.ts';
import { Loaded } from '../ui/basics.tsx';
import { Modal } from '../ui/dialog.tsx';

/** The last lines of a workload's output; it follows them while the reader is at the end. */
export function LogDrawer({ name, onClose }: { name: string; onClose: () => void }): JSX.Element {
  const [tail, setTail] = useState(200);
  const [filter, setFilter] = useState('');
  const resource = useResource(`logs ${name} ${tail}`, (signal) => workloadLogs(name, tail, signal), {
    everyMs: 3000,
  });
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [resource.data]);
  return (
    <Modal title={`Logs of ${name}`} onClose={onClose} kind="drawer">
      <div class="filters">
        <input
          type="search"
          aria-label="Filter lines"
          placeholder="Filter lines"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <select
          aria-label="Lines"
          value={tail}
          onChange={(event) => setTail(Number(event.currentTarget.value))}
        >
          {[100, 200, 1000].map((count) => (
            <option key={count} value={count}>
              last {count}
            </option>
          ))}
        </select>
      </div>
      <Loaded resource={resource}>
        {(lines) => (
          <div
            class="log lines"
            ref={box}
            tabIndex={0}
            role="log"
            aria-label={`Output of ${name}`}
            onScroll={(event) =>
              (atEnd.current =
                event.currentTarget.scrollHeight -
                  event.currentTarget.scrollTop -
                  event.currentTarget.clientHeight <
                30)
            }
          >
            {lines
              .filter((line) => line.text.toLowerCase().includes(filter.toLowerCase()))
              .map((line, index) => (
                <div key={index} class={line.stream === 'stderr' ? 'stderr' : ''}>
                  <time>{formatDateTime(timeMs(line.time)).slice(11)}</time> {line.text}
                </div>
              ))}
            {lines.length === 0 && <span class="dim">No output yet.</span>}
          </div>
        )}
      </Loaded>
    </Modal>
  );
}
