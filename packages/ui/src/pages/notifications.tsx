import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { notifications, receiverStates } from '../api/notifications.ts';
import { inbox, type Message } from '../api/prunella.ts';
import { useNow, useResource } from '../live.ts';
import { location, setSearch } from '../router.ts';
import { Card, Loaded, PageHead } from '../ui/basics.tsx';
import { DeliveryList } from '../view/delivery-list.tsx';
import { MessageList } from '../view/message-list.tsx';

function Deliveries({ receiver }: { receiver: string }): JSX.Element {
  const now = useNow(5000);
  const [outcome, setOutcome] = useState('');
  const resource = useResource(
    `deliveries ${receiver} ${outcome}`,
    (signal) => notifications({ limit: 300, receiver, outcome }, signal),
    { events: ['inbox', 'alerts'], everyMs: 15_000 },
  );
  const receivers = useResource('receivers', (signal) => receiverStates(signal), { events: ['reload'] });
  const names = [...new Set([...(receivers.data ?? []).map(({ name }) => name), receiver])].filter(Boolean);
  return (
    <>
      <div class="filters">
        <select
          aria-label="Outcome"
          value={outcome}
          onChange={(event) => setOutcome(event.currentTarget.value)}
        >
          <option value="">Delivered and failed</option>
          <option value="delivered">Delivered</option>
          <option value="failed">Failed</option>
        </select>
        <select
          aria-label="Receiver"
          value={receiver}
          onChange={(event) =>
            setSearch({ tab: 'deliveries', receiver: event.currentTarget.value || undefined })
          }
        >
          <option value="">All receivers</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <Loaded resource={resource}>
        {(all) => (
          <Card>
            <DeliveryList all={all} now={now} />
          </Card>
        )}
      </Loaded>
    </>
  );
}

function Messages(): JSX.Element {
  const now = useNow(5000);
  const resource = useResource('inbox 500', (signal) => inbox(500, signal), {
    events: ['inbox'],
    everyMs: 30_000,
  });
  const [status, setStatus] = useState('');
  const [filter, setFilter] = useState('');
  const matches = (message: Message): boolean =>
    (status === '' || message.status === status) &&
    `${message.title} ${message.text} ${message.receiver}`.toLowerCase().includes(filter.toLowerCase());
  return (
    <>
      <div class="filters">
        <input
          type="search"
          aria-label="Filter messages"
          placeholder="Filter"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <select aria-label="Status" value={status} onChange={(event) => setStatus(event.currentTarget.value)}>
          <option value="">Firing and resolved</option>
          <option value="firing">Firing</option>
          <option value="resolved">Resolved</option>
        </select>
      </div>
      <Loaded resource={resource}>
        {(messages) => <MessageList messages={messages.filter(matches)} now={now} />}
      </Loaded>
    </>
  );
}

/** What people were told: the messages of the inbox, and every delivery with its attempts. */
export function NotificationsPage(): JSX.Element {
  const { search } = location.value;
  const receiver = search.get('receiver') ?? '';
  const tab = search.get('tab') ?? (receiver === '' ? 'inbox' : 'deliveries');
  return (
    <>
      <PageHead title="Notifications" note="What people were told, newest first">
        <div class="tabs" role="tablist">
          <button
            type="button"
            role="tab"
            aria-selected={tab === 'inbox'}
            onClick={() => setSearch({ tab: 'inbox' }, { replace: true })}
          >
            Inbox
          </button>
          <button
            type="button"
            role="tab"
            aria-selected={tab === 'deliveries'}
            onClick={() => setSearch({ tab: 'deliveries' }, { replace: true })}
          >
            Deliveries
          </button>
        </div>
      </PageHead>
      {tab === 'inbox' ? <Messages /> : <Deliveries receiver={receiver} />}
    </>
  );
}
