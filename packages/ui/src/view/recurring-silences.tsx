import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { matcherText } from '../api/alertmanager.ts';
import {
  addRecurringSilence,
  recurringSilences,
  removeRecurringSilence,
  type RecurringSilence,
  type TimePeriod,
} from '../api/recurring.ts';
import { useResource } from '../live.ts';
import { recall, remember } from '../theme.ts';
import { Card } from '../ui/basics.tsx';
import { confirmAction, Modal } from '../ui/dialog.tsx';
import { attempt } from '../ui/toast.tsx';
import { emptyMatcher, MatcherFields } from './matcher-fields.tsx';
import { matchersProblem } from './silence-matchers.ts';

const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** `monday:friday, 22:00–23:30, Europe/Berlin` */
function periodText(period: TimePeriod): string {
  const parts = [
    period.weekdays.join(', '),
    period.days_of_month.length > 0 ? `days ${period.days_of_month.join(', ')}` : '',
    period.months.join(', '),
    period.years.join(', '),
    period.times.map((time) => `${time.start_time}–${time.end_time}`).join(', '),
  ].filter((part) => part !== '');
  return `${parts.length === 0 ? 'always' : parts.join(', ')} ${period.location || 'UTC'}`;
}

interface Schedule {
  weekdays: string[];
  start: string;
  end: string;
  location: string;
}

function ScheduleFields({
  schedule,
  onChange,
}: {
  schedule: Schedule;
  onChange: (schedule: Schedule) => void;
}): JSX.Element {
  const { weekdays } = schedule;
  const toggled = (day: string): string[] =>
    days.filter((other) => (other === day ? !weekdays.includes(day) : weekdays.includes(other)));
  const set = (changes: Partial<Schedule>): void => onChange({ ...schedule, ...changes });
  return (
    <>
      <fieldset>
        <legend>On these days; none means every day</legend>
        <span class="durations">
          {days.map((day) => (
            <label class="check" key={day}>
              <input
                type="checkbox"
                checked={weekdays.includes(day)}
                onChange={() => set({ weekdays: toggled(day) })}
              />
              {day}
            </label>
          ))}
        </span>
      </fieldset>
      <div class="durations">
        <label>
          From{' '}
          <input
            type="time"
            value={schedule.start}
            onInput={(event) => set({ start: event.currentTarget.value })}
          />
        </label>
        <label>
          To{' '}
          <input
            type="time"
            value={schedule.end}
            onInput={(event) => set({ end: event.currentTarget.value })}
          />
        </label>
        <label>
          Time zone{' '}
          <input
            value={schedule.location}
            onInput={(event) => set({ location: event.currentTarget.value })}
          />
        </label>
      </div>
    </>
  );
}

function Form({ onClose, onDone }: { onClose: () => void; onDone: () => void }): JSX.Element {
  const [matchers, setMatchers] = useState([{ ...emptyMatcher }]);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [schedule, setSchedule] = useState<Schedule>({
    weekdays: [],
    start: '22:00',
    end: '23:00',
    location: zone,
  });
  const [createdBy, setBy] = useState(recall('prunella.author') ?? '');
  const [comment, setComment] = useState('');
  const { weekdays, start, end, location } = schedule;
  const problem =
    matchersProblem(matchers) ||
    (start >= end ? 'it must end after it starts; make two for a night' : '') ||
    (createdBy.trim() === '' ? 'say who you are' : '') ||
    (comment.trim() === '' ? 'say why' : '');
  const submit = async (): Promise<void> => {
    remember('prunella.author', createdBy);
    const times = [{ start_time: start, end_time: end }];
    const period = { times, location, ...(weekdays.length > 0 ? { weekdays } : {}) };
    const body = { matchers, intervals: [period], createdBy: createdBy.trim(), comment: comment.trim() };
    if (await attempt(() => addRecurringSilence(body), 'The silence will come back')) onDone();
  };
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    if (problem === '') void submit();
  };
  return (
    <Modal title="New recurring silence" onClose={onClose} kind="drawer">
      <form class="silence-form" onSubmit={onSubmit}>
        <MatcherFields matchers={matchers} onChange={setMatchers} />
        <ScheduleFields schedule={schedule} onChange={setSchedule} />
        <label>
          By
          <input
            value={createdBy}
            autocomplete="name"
            onInput={(event) => setBy(event.currentTarget.value)}
          />
        </label>
        <label>
          Why
          <input value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
        </label>
        <div class="dialog-actions">
          <span class="hint">{problem}</span>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={problem !== ''}>
            Silence
          </button>
        </div>
      </form>
    </Modal>
  );
}

function Entry({ silence, onRemoved }: { silence: RecurringSilence; onRemoved: () => void }): JSX.Element {
  const remove = async (): Promise<void> => {
    const text = `It no longer comes back for ${silence.matchers.map(matcherText).join(', ')}.`;
    if (
      !(await confirmAction({
        title: 'Remove this recurring silence?',
        text,
        action: 'Remove',
        danger: true,
      }))
    )
      return;
    if (await attempt(() => removeRecurringSilence(silence.id), 'Removed')) onRemoved();
  };
  return (
    <li class="alert">
      <div class="alert-head">
        <span class="chips">
          {silence.matchers.map((matcher, index) => (
            <code class="chip" key={index}>
              {matcherText(matcher)}
            </code>
          ))}
        </span>
        <span>{silence.intervals.map(periodText).join('; ')}</span>
        <span class="alert-links">
          <button type="button" class="danger" onClick={() => void remove()}>
            Remove
          </button>
        </span>
      </div>
      <p class="break">{silence.comment}</p>
      <small class="dim">{silence.createdBy}</small>
    </li>
  );
}

/** Silences that come back: a backup every night, a deployment every Friday. */
export function RecurringSilences(): JSX.Element | null {
  const resource = useResource('recurring silences', (signal) => recurringSilences(signal));
  const [open, setOpen] = useState(false);
  if (!resource.data) return null;
  return (
    <Card
      title="Recurring"
      actions={
        <button type="button" onClick={() => setOpen(true)}>
          New recurring silence
        </button>
      }
    >
      <ul class="alert-list">
        {resource.data.map((silence) => (
          <Entry key={silence.id} silence={silence} onRemoved={resource.refresh} />
        ))}
      </ul>
      {resource.data.length === 0 && (
        <p class="dim">None. One of these comes back by itself, such as every night during the backup.</p>
      )}
      {open && (
        <Form
          onClose={() => setOpen(false)}
          onDone={() => {
            setOpen(false);
            resource.refresh();
          }}
        />
      )}
    </Card>
  );
}
