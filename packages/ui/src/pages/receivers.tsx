import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { alertGroups } from '../api/alertmanager.ts';
import { receiverStates, testReceiver, type Receiver, type TrialResult } from '../api/notifications.ts';
import { useNow, useResource } from '../live.ts';
import { Badge, Card, Empty, Loaded, PageHead, Time } from '../ui/basics.tsx';
import { confirmAction } from '../ui/dialog.tsx';
import { attempt } from '../ui/toast.tsx';

function Results({ results }: { results: readonly TrialResult[] }): JSX.Element {
  return (
    <ul class="alert-list">
      {results.map((result) => (
        <li key={result.integration + result.status} class="alert">
          <div class="alert-head">
            <Badge tone={result.ok ? 'ok' : 'bad'}>{result.ok ? 'accepted' : 'refused'}</Badge>
            <code>{result.integration}</code>
            <span>{result.status}</span>
            <small class="dim">{Math.round(result.durationMs)} ms</small>
          </div>
          {result.answer !== '' && <span class="break dim">{result.answer}</span>}
        </li>
      ))}
    </ul>
  );
}

function State({ receiver, active }: { receiver: Receiver; active: number }): JSX.Element {
  if (receiver.last && !receiver.last.delivered) return <Badge tone="bad">last delivery failed</Badge>;
  if (active === 0) return <Badge tone="ok">quiet</Badge>;
  return <Badge tone="warn">{`${active} active alert${active === 1 ? '' : 's'}`}</Badge>;
}

function LastDelivery({ receiver, now }: { receiver: Receiver; now: number }): JSX.Element {
  const { last, name } = receiver;
  if (!last) return <p class="receiver-last dim">Nothing was sent yet.</p>;
  const href = `/notifications?${new URLSearchParams({ tab: 'deliveries', receiver: name }).toString()}`;
  return (
    <p class="receiver-last">
      <a href={href}>Last delivery</a> <Time at={last.time} now={now} ago />: {last.status}, {last.reason}
      {last.error !== '' && <span class="error-text"> {last.error}</span>}
    </p>
  );
}

interface CardProps {
  receiver: Receiver;
  active: number;
  now: number;
  refresh: () => void;
}

function ReceiverCard({ receiver, active, now, refresh }: CardProps): JSX.Element {
  const [results, setResults] = useState<TrialResult[] | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const test = async (resolve: boolean): Promise<void> => {
    const text = resolve
      ? 'Two messages marked as a test go to everyone whom this receiver tells: that it fires, and that it has resolved.'
      : 'A message marked as a test goes to everyone whom this receiver tells.';
    if (!(await confirmAction({ title: `Test ${receiver.name}?`, text, action: 'Send the test' }))) return;
    setBusy(true);
    await attempt(async () => setResults(await testReceiver(receiver.name, resolve)), 'The test was sent');
    setBusy(false);
    refresh();
  };
  const nobody = receiver.integrations.length === 0;
  return (
    <Card title={receiver.name} actions={<State receiver={receiver} active={active} />}>
      {nobody && <p class="dim">Tells nobody.</p>}
      <p class="chips" hidden={nobody}>
        {receiver.integrations.map(({ name, sendResolved }) => (
          <code
            class="chip"
            key={name}
            title={sendResolved ? 'tells when alerts resolve' : 'does not tell when alerts resolve'}
          >
            {name}
          </code>
        ))}
      </p>
      {!nobody && <LastDelivery receiver={receiver} now={now} />}
      {receiver.fallback !== '' && <p class="dim">Falls back to {receiver.fallback}</p>}
      {results && <Results results={results} />}
      <div class="workload-actions">
        <button type="button" disabled={busy || nobody} onClick={() => void test(false)}>
          {busy ? 'Sending…' : 'Send a test'}
        </button>
        {receiver.integrations.some(({ sendResolved }) => sendResolved) && (
          <button type="button" disabled={busy || nobody} onClick={() => void test(true)}>
            Test firing and resolved
          </button>
        )}
      </div>
    </Card>
  );
}

export function ReceiversPage(): JSX.Element {
  const now = useNow(5000);
  const resource = useResource('receivers', (signal) => receiverStates(signal), {
    events: ['reload', 'inbox'],
    everyMs: 15_000,
  });
  const groups = useResource('groups', (signal) => alertGroups(signal), {
    events: ['alerts'],
    everyMs: 15_000,
  });
  const activeOf = (name: string): number =>
    (groups.data ?? [])
      .filter((group) => group.receiver === name)
      .flatMap((group) => group.alerts)
      .filter((alert) => alert.state === 'active').length;
  return (
    <>
      <PageHead
        title="Receivers"
        note="Whom alertmanager.yml names, and how the last delivery to each went"
      />
      <Loaded resource={resource}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No receivers">Name them in alertmanager.yml.</Empty>
          ) : (
            <div class="workloads">
              {all.map((receiver) => (
                <ReceiverCard
                  key={receiver.name}
                  receiver={receiver}
                  active={activeOf(receiver.name)}
                  now={now}
                  refresh={resource.refresh}
                />
              ))}
            </div>
          )
        }
      </Loaded>
    </>
  );
}
