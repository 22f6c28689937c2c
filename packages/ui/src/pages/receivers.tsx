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
        <li key={result.integration} class="alert">
          <div class="alert-head">
            <Badge tone={result.ok ? 'ok' : 'bad'}>{result.ok ? 'accepted' : 'refused'}</Badge>
            <code>{result.integration}</code>
            <small class="dim">{Math.round(result.durationMs)} ms</small>
          </div>
          {result.answer !== '' && <span class="break dim">{result.answer}</span>}
        </li>
      ))}
    </ul>
  );
}

function ReceiverCard({
  receiver,
  active,
  now,
  refresh,
}: {
  receiver: Receiver;
  active: number;
  now: number;
  refresh: () => void;
}): JSX.Element {
  const [results, setResults] = useState<TrialResult[] | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const { last } = receiver;
  const test = async (): Promise<void> => {
    const asked = {
      title: `Test ${receiver.name}?`,
      text: 'A message marked as a test goes to everyone whom this receiver tells.',
      action: 'Send the test',
    };
    if (!(await confirmAction(asked))) return;
    setBusy(true);
    await attempt(async () => setResults(await testReceiver(receiver.name)), 'The test was sent');
    setBusy(false);
    refresh();
  };
  return (
    <Card
      title={receiver.name}
      actions={
        <Badge tone={last && !last.delivered ? 'bad' : active > 0 ? 'warn' : 'ok'}>
          {last && !last.delivered
            ? 'last delivery failed'
            : active > 0
              ? `${active} active alert${active === 1 ? '' : 's'}`
              : 'quiet'}
        </Badge>
      }
    >
      <p>
        {receiver.integrations.length === 0 && <span class="dim">Tells nobody.</span>}
        <span class="chips">
          {receiver.integrations.map((one) => (
            <code
              class="chip"
              key={one.name}
              title={one.sendResolved ? 'tells when alerts resolve' : 'does not tell when alerts resolve'}
            >
              {one.name}
            </code>
          ))}
        </span>
      </p>
      <p class="receiver-last">
        {last ? (
          <>
            <a href={`/notifications?tab=deliveries&receiver=${encodeURIComponent(receiver.name)}`}>
              Last delivery
            </a>{' '}
            <Time at={last.time} now={now} ago />: {last.status}, {last.reason}
          </>
        ) : (
          <span class="dim">Nothing was sent yet.</span>
        )}
        {last && last.error !== '' && <span class="error-text"> {last.error}</span>}
      </p>
      {receiver.fallback !== '' && <p class="dim">Falls back to {receiver.fallback}</p>}
      {results && <Results results={results} />}
      <div class="workload-actions">
        <button
          type="button"
          disabled={busy || receiver.integrations.length === 0}
          onClick={() => void test()}
        >
          {busy ? 'Sending…' : 'Send a test'}
        </button>
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
