import type { JSX } from 'preact';
import { statusConfig, statusTable, tsdbStatus } from '../api/prometheus.ts';
import { status } from '../api/prunella.ts';
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

export function StatusPage(): JSX.Element {
  const now = useNow();
  const own = useResource('status', (signal) => status(signal), { events: ['reload'], everyMs: 5000 });
  const tsdb = useResource('tsdb', (signal) => tsdbStatus(signal), { everyMs: 30_000 });
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
      <PageHead
        title="Status"
        note={
          own.data &&
          `Version ${own.data.version}, started ${formatAge(now - timeMs(own.data.startedAt))} ago`
        }
      />
      <Card title="Parts">
        <Loaded resource={own}>
          {({ parts }) => (
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
                    <tr key={part.name}>
                      <td data-label="State">
                        <Badge
                          tone={part.state === 'running' ? 'ok' : part.state === 'backoff' ? 'bad' : 'idle'}
                        >
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
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Loaded>
      </Card>
      <Card title="Storage">
        <Loaded resource={tsdb}>
          {({ head, tables }) => (
            <>
              <dl class="facts">
                {head.map((fact) => (
                  <div key={fact.label}>
                    <dt>{fact.label}</dt>
                    <dd>
                      {fact.label.endsWith('Time') ? (
                        <Time at={Number(fact.value)} now={now} />
                      ) : (
                        Number(fact.value).toLocaleString('en')
                      )}
                    </dd>
                  </div>
                ))}
              </dl>
              <div class="columns cardinality">
                {tables.map((table) => (
                  <div key={table.title}>
                    <h3>{table.title}</h3>
                    <table class="data">
                      <tbody>
                        {table.rows.map((row) => (
                          <tr key={row.name}>
                            <td class="break mono">{row.name}</td>
                            <td class="num">{row.value.toLocaleString('en')}</td>
                          </tr>
                        ))}
                      </tbody>
                    </table>
                  </div>
                ))}
              </div>
            </>
          )}
        </Loaded>
      </Card>
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
