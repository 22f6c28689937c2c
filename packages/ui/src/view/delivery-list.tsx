import type { JSX } from 'preact';
import type { Notification } from '../api/notifications.ts';
import { formatClock, timeMs } from '../time.ts';
import { More } from '../ui/more.tsx';
import { Badge, Empty, LabelChips, Time } from '../ui/basics.tsx';

function Delivery({ one, now }: { one: Notification; now: number }): JSX.Element {
  return (
    <li class="alert">
      <details>
        <summary class="alert-head">
          <Badge tone={one.delivered ? 'ok' : 'bad'}>{one.delivered ? 'delivered' : 'failed'}</Badge>
          <strong>{one.receiver}</strong>
          <code>{one.integration}</code>
          <Badge tone={one.status === 'firing' ? 'bad' : 'ok'}>{one.status}</Badge>
          <small class="dim">
            {one.alertCount} alert{one.alertCount === 1 ? '' : 's'}, {one.reason}
          </small>
          <LabelChips labels={one.groupLabels} />
          <small class="dim message-time">
            <span class="disclose">
              {one.attempts.length} attempt{one.attempts.length === 1 ? '' : 's'}
            </span>{' '}
            · <Time at={one.time} now={now} /> · <Time at={one.time} now={now} ago />
          </small>
        </summary>
        <ol class="entries">
          {one.attempts.map((attempt, index) => (
            <li class="entry" key={index}>
              <span class="entry-time">{formatClock(timeMs(attempt.time), now)}</span>
              <span class={attempt.error === '' ? '' : 'error-text'}>
                {attempt.error === '' ? 'answered' : 'failed'} in {Math.round(attempt.durationMs)} ms
              </span>
              <span class="break">{attempt.error || attempt.answer}</span>
            </li>
          ))}
        </ol>
        <ul class="alert-list">
          {one.alerts.map((alert, index) => (
            <li key={index} class="alert">
              <span>
                <Badge tone={alert.status === 'firing' ? 'bad' : 'ok'}>{alert.status}</Badge>{' '}
                <LabelChips labels={alert.labels} />
              </span>
            </li>
          ))}
        </ul>
      </details>
      {one.error !== '' && <span class="error-text">{one.error}</span>}
    </li>
  );
}

/** Deliveries, newest first; each opens to its attempts and alerts. */
export function DeliveryList({ all, now }: { all: readonly Notification[]; now: number }): JSX.Element {
  if (all.length === 0) return <Empty title="No notifications">Nothing was sent, or nothing fits.</Empty>;
  return (
    <More items={all} step={50} what="deliveries">
      {(shown) => (
        <ul class="alert-list">
          {shown.map((one) => (
            <Delivery key={one.id} one={one} now={now} />
          ))}
        </ul>
      )}
    </More>
  );
}
