import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { targets, type Target } from '../api/prometheus.ts';
import { useNow, useResource } from '../live.ts';
import { Badge, Card, Empty, LabelChips, Loaded, PageHead, Time, type Tone } from '../ui/basics.tsx';

const tones: Record<Target['health'], Tone> = { up: 'ok', down: 'bad', unknown: 'idle' };

function pools(all: readonly Target[]): [string, Target[]][] {
  const byPool = new Map<string, Target[]>();
  for (const target of all) byPool.set(target.pool, [...(byPool.get(target.pool) ?? []), target]);
  return [...byPool].sort(([a], [b]) => a.localeCompare(b));
}

function TargetRow({ target, now }: { target: Target; now: number }): JSX.Element {
  return (
    <tr>
      <td data-label="State">
        <Badge tone={tones[target.health]}>{target.health}</Badge>
      </td>
      <td data-label="Address">
        <span class="mono break">{target.url}</span>
        {target.lastError !== '' && <div class="error-text">{target.lastError}</div>}
        <details>
          <summary>Labels before relabelling</summary>
          <LabelChips labels={target.discovered} />
        </details>
      </td>
      <td data-label="Labels">
        <LabelChips labels={target.labels} />
      </td>
      <td data-label="Last scrape" class="nowrap">
        <Time at={target.lastScrape} now={now} ago />
      </td>
      <td data-label="Took" class="num">
        {(target.scrapeSeconds * 1000).toFixed(1)} ms
      </td>
      <td data-label="Every" class="num">
        {target.interval}
      </td>
    </tr>
  );
}

export function TargetsPage(): JSX.Element {
  const resource = useResource('targets', (signal) => targets(signal), { everyMs: 5000 });
  const [onlyDown, setOnlyDown] = useState(false);
  const now = useNow();
  return (
    <>
      <PageHead title="Targets" note="What is scraped, how it goes, and why not">
        <label class="check">
          <input type="checkbox" checked={onlyDown} onChange={() => setOnlyDown(!onlyDown)} /> Only those not
          up
        </label>
      </PageHead>
      <Loaded resource={resource}>
        {({ active }) => {
          const shown = active.filter((target) => !onlyDown || target.health !== 'up');
          if (shown.length === 0)
            return <Empty title={active.length === 0 ? 'No targets' : 'All targets are up'} />;
          return pools(shown).map(([pool, members]) => {
            const up = members.filter((target) => target.health === 'up').length;
            return (
              <Card
                key={pool}
                title={pool}
                actions={
                  <Badge tone={up === members.length ? 'ok' : 'bad'}>{`${up} of ${members.length} up`}</Badge>
                }
              >
                <div class="table-box">
                  <table class="data stack">
                    <thead>
                      <tr>
                        <th scope="col">State</th>
                        <th scope="col">Address</th>
                        <th scope="col">Labels</th>
                        <th scope="col">Last scrape</th>
                        <th scope="col" class="num">
                          Took
                        </th>
                        <th scope="col" class="num">
                          Every
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {members.map((target) => (
                        <TargetRow
                          key={target.url + JSON.stringify(target.labels)}
                          target={target}
                          now={now}
                        />
                      ))}
                    </tbody>
                  </table>
                </div>
              </Card>
            );
          });
        }}
      </Loaded>
    </>
  );
}
