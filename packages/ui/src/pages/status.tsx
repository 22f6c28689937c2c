import type { JSX } from 'preact';
import { statusConfig, statusTable, tsdbStatus, type Cardinality } from '../api/prometheus.ts';
import { status, type Part } from '../api/prunella.ts';
import { useNow, useResource } from '../live.ts';
import { formatAge, timeMs } from '../time.ts';
import { Badge, Card, CopyButton, Loaded, PageHead, Time } from '../ui/basics.tsx';

function Pairs({ rows }: { rows: readonly (readonly [string, string])[] }): JSX.Element {
  return (
    <table class="data pairs">
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="mono break">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function PartRow({ part, now }: { part: Part; now: number }): JSX.Element {
  return (
    <tr>
      <td data-label="State">
        <Badge tone={part.state === 'running' ? 'ok' : part.state === 'backoff' ? 'bad' : 'idle'}>
          {part.state}
        </Badge>
      </td>
      <td data-label="Part">
        <strong>{part.name}</strong>
      </td>
      <td data-label="Since">
        <Time at={part.since} now={now} ago />
      </td>
      <td data-label="Restarts" class="num">
        {part.restarts}
      </td>
      <td data-label="Last error" class="break">
        {part.lastError || <span class="dim">none</span>}
      </td>
    </tr>
  );
}

function Parts({ parts, now }: { parts: readonly Part[]; now: number }): JSX.Element {
  return (
    <div class="table-box">
      <table class="data stack">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Part</th>
            <th scope="col">Since</th>
            <th scope="col" class="num">
              Restarts
            </th>
            <th scope="col">Last error</th>
          </tr>
        </thead>
        <tbody>
          {parts.map((part) => (
            <PartRow key={part.name} part={part} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CardinalityTable({ title, rows }: { title: string; rows: readonly Cardinality[] }): JSX.Element {
  return (
    <div>
      <h3>{title}</h3>
      <table class="data">
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <td class="break mono">{row.name}</td>
              <td class="num">{row.value.toLocaleString('en')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the storage holds, and which names make the most series. */
function Storage({ now }: { now: number }): JSX.Element {
  const resource = useResource('tsdb', (signal) => tsdbStatus(signal), { everyMs: 30_000 });
  return (
    <Card title="Storage">
      <Loaded resource={resource}>
        {({ head, tables }) => (
          <>
            <dl class="facts">
              {head.map(({ label, value }) => (
                <div key={label}>
                  <dt>{label}</dt>
                  <dd>
                    {label.endsWith('Time') ? (
                      <Time at={Number(value)} now={now} />
                    ) : (
                      Number(value).toLocaleString('en')
                    )}
                  </dd>
                </div>
              ))}
            </dl>
            <div class="columns cardinality">
              {tables.map((table) => (
                <CardinalityTable key={table.title} {...table} />
              ))}
            </div>
          </>
        )}
      </Loaded>
    </Card>
  );
}

function Settings(): JSX.Element {
  const flags = useResource('flags', (signal) => statusTable('flags', signal));
  const runtime = useResource(
    'runtime',
    async (signal) => [
      ...(await statusTable('buildinfo', signal)),
      ...(await statusTable('runtimeinfo', signal)),
    ],
    { everyMs: 30_000 },
  );
  const config = useResource('config', (signal) => statusConfig(signal), { events: ['reload'] });
  return (
    <>
      <div class="columns">
        <Card title="Runtime">
          <Loaded resource={runtime}>{(rows) => <Pairs rows={rows} />}</Loaded>
        </Card>
        <Card title="Flags">
          <Loaded resource={flags}>{(rows) => <Pairs rows={rows} />}</Loaded>
        </Card>
      </div>
      <Card
        title="Configuration"
        actions={
          config.data !== undefined && <CopyButton text={config.data} label="Copy the configuration" />
        }
      >
        <Loaded resource={config}>{(yaml) => <pre class="log">{yaml}</pre>}</Loaded>
      </Card>
    </>
  );
}

export function StatusPage(): JSX.Element {
  const now = useNow();
  const own = useResource('status', (signal) => status(signal), { events: ['reload'], everyMs: 5000 });
  const note =
    own.data && `Version ${own.data.version}, started ${formatAge(now - timeMs(own.data.startedAt))} ago`;
  return (
    <>
      <PageHead title="Status" note={note} />
      <Card title="Parts">
        <Loaded resource={own}>{({ parts }) => <Parts parts={parts} now={now} />}</Loaded>
      </Card>
      <Storage now={now} />
      <Settings />
    </>
  );
}
