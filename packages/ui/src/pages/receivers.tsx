import type { JSX } from 'preact';
import { alertGroups, receivers } from '../api/alertmanager.ts';
import { inbox } from '../api/prunella.ts';
import { useNow, useResource } from '../live.ts';
import { Badge, Card, Empty, Loaded, PageHead, Time } from '../ui/basics.tsx';

export function ReceiversPage(): JSX.Element {
  const now = useNow(5000);
  const names = useResource('receivers', (signal) => receivers(signal), { events: ['reload'] });
  const groups = useResource('groups', (signal) => alertGroups(signal), { events: ['alerts'], everyMs: 15_000 });
  const messages = useResource('inbox 500', (signal) => inbox(500, signal), { events: ['inbox'] });
  return (
    <>
      <PageHead title="Receivers" note="Whom alertmanager.yml names, and what stands with each" />
      <Loaded resource={names}>
        {(all) => (
          <Card>
            <div class="table-box">
              <table class="data stack">
                <thead>
                  <tr>
                    <th scope="col">Receiver</th>
                    <th scope="col">Now</th>
                    <th scope="col">Last message in the inbox</th>
                  </tr>
                </thead>
                <tbody>
                  {all.map((name) => {
                    const active = (groups.data ?? []).filter((group) => group.receiver === name).flatMap((group) => group.alerts).filter((alert) => alert.state === 'active').length;
                    const last = messages.data?.find((message) => message.receiver === name);
                    return (
                      <tr key={name}>
                        <td data-label="Receiver">
                          <strong>{name}</strong>
                        </td>
                        <td data-label="Now">
                          <Badge tone={active > 0 ? 'warn' : 'ok'}>{active === 0 ? 'quiet' : `${active} active alert${active === 1 ? '' : 's'}`}</Badge>
                        </td>
                        <td data-label="Last message">
                          {last ? (
                            <>
                              {last.title} · <Time at={last.time} now={now} ago />
                            </>
                          ) : (
                            <span class="dim">none</span>
                          )}
                        </td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
            {all.length === 0 && <Empty title="No receivers" />}
          </Card>
        )}
      </Loaded>
    </>
  );
}
