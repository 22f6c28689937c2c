import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { inbox, type Message } from '../api/prunella.ts';
import { useNow, useResource } from '../live.ts';
import { Loaded, PageHead } from '../ui/basics.tsx';
import { MessageList } from '../view/message-list.tsx';

export function NotificationsPage(): JSX.Element {
  const now = useNow(5000);
  const resource = useResource('inbox 500', (signal) => inbox(500, signal), { events: ['inbox'], everyMs: 30_000 });
  const [status, setStatus] = useState('');
  const [filter, setFilter] = useState('');
  const matches = (message: Message): boolean => (status === '' || message.status === status) && `${message.title} ${message.text} ${message.receiver}`.toLowerCase().includes(filter.toLowerCase());
  return (
    <>
      <PageHead title="Notifications" note="What people were told, newest first">
        <input type="search" aria-label="Filter messages" placeholder="Filter" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        <select aria-label="Status" value={status} onChange={(event) => setStatus(event.currentTarget.value)}>
          <option value="">Firing and resolved</option>
          <option value="firing">Firing</option>
          <option value="resolved">Resolved</option>
        </select>
      </PageHead>
      <Loaded resource={resource}>{(messages) => <MessageList messages={messages.filter(matches)} now={now} />}</Loaded>
    </>
  );
}
