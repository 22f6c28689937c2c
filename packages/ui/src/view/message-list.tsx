import type { JSX } from 'preact';
import type { Message } from '../api/prunella.ts';
import { More } from '../ui/more.tsx';
import { Badge, Empty, LabelChips, Time } from '../ui/basics.tsx';

/** What the inbox was told, newest first, each with the text as it was sent. */
export function MessageList({ messages, now }: { messages: readonly Message[]; now: number }): JSX.Element {
  if (messages.length === 0)
    return <Empty title="No messages yet">What a receiver with an inbox is told appears here.</Empty>;
  return (
    <More items={messages} step={50} what="messages">
      {(shown) => (
        <ul class="messages">
          {shown.map((message) => (
            <li key={message.id} class="card message">
              <div class="alert-head">
                <Badge tone={message.status === 'firing' ? 'bad' : 'ok'}>{message.status}</Badge>
                <strong class="break">{message.title}</strong>
                <small class="dim">to {message.receiver}</small>
                <small class="dim message-time">
                  <Time at={message.time} now={now} /> · <Time at={message.time} now={now} ago />
                </small>
              </div>
              <pre class="message-text">{message.text}</pre>
              {message.alerts.length > 0 && (
                <details>
                  <summary>
                    {message.alerts.length} alert{message.alerts.length === 1 ? '' : 's'}
                  </summary>
                  <ul class="alert-list">
                    {message.alerts.map((alert, index) => (
                      <li key={index}>
                        <Badge tone={alert.status === 'firing' ? 'bad' : 'ok'}>{alert.status}</Badge>{' '}
                        <LabelChips labels={alert.labels} />
                      </li>
                    ))}
                  </ul>
                </details>
              )}
            </li>
          ))}
        </ul>
      )}
    </More>
  );
}
