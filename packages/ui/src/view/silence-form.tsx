import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import {
  alerts,
  matcherText,
  postSilence,
  type NewSilence,
  type ActiveAlert,
  type Silence,
  type SilenceMatcher,
} from '../api/alertmanager.ts';
import { recall, remember } from '../theme.ts';
import { formatDuration, parseDuration, timeMs } from '../time.ts';
import { LabelChips } from '../ui/basics.tsx';
import { Modal } from '../ui/dialog.tsx';
import { attempt } from '../ui/toast.tsx';
import { emptyMatcher, MatcherFields } from './matcher-fields.tsx';
import { matchersProblem } from './silence-matchers.ts';

export interface SilenceDraft {
  id?: string;
  matchers: SilenceMatcher[];
  comment: string;
  createdBy: string;
  /** A Prometheus duration from now. */
  duration: string;
  startsAt?: string;
}

const authorKey = 'prunella.author';

export function newDraft(matchers: SilenceMatcher[]): SilenceDraft {
  return {
    matchers: matchers.length > 0 ? matchers : [{ ...emptyMatcher }],
    comment: '',
    createdBy: recall(authorKey) ?? '',
    duration: '2h',
  };
}

/** An expired silence is made anew; a living one is changed and keeps its start. */
export function editDraft(silence: Silence): SilenceDraft {
  const rest = timeMs(silence.endsAt) - Date.now();
  const draft = {
    ...newDraft(silence.matchers.map((matcher) => ({ ...matcher }))),
    comment: silence.comment,
    createdBy: silence.createdBy,
  };
  return silence.state === 'expired'
    ? draft
    : {
        ...draft,
        id: silence.id,
        startsAt: silence.startsAt,
        duration: formatDuration(Math.max(60_000, Math.round(rest / 60_000) * 60_000)),
      };
}

/** The alerts that the matchers choose now, asked while they are written. */
function usePreview(
  matchers: readonly SilenceMatcher[],
  problem: string,
): { found: ActiveAlert[] | undefined; error: string } {
  const [state, setState] = useState<{ found: ActiveAlert[] | undefined; error: string }>({
    found: undefined,
    error: '',
  });
  const filter = matchers.map(matcherText);
  useEffect(() => {
    if (problem !== '') {
      setState({ found: undefined, error: '' });
      return undefined;
    }
    const control = new AbortController();
    const timer = setTimeout(() => {
      alerts(filter, control.signal).then(
        (found) => !control.signal.aborted && setState({ found, error: '' }),
        (error: unknown) =>
          !control.signal.aborted &&
          setState({ found: undefined, error: error instanceof Error ? error.message : 'no preview' }),
      );
    }, 250);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [filter.join('\n'), problem]);
  return state;
}

function Preview({
  matchers,
  problem,
}: {
  matchers: readonly SilenceMatcher[];
  problem: string;
}): JSX.Element {
  const { found, error } = usePreview(matchers, problem);
  if (problem !== '') return <p class="hint">{problem}</p>;
  if (error !== '') return <p class="error-text">{error}</p>;
  if (!found) return <p class="hint">…</p>;
  return (
    <div class="silence-preview" aria-live="polite">
      <strong>
        {found.length === 0
          ? 'No active alert matches'
          : `${found.length} active alert${found.length === 1 ? '' : 's'} will be silenced`}
      </strong>
      <ul>
        {found.slice(0, 20).map((alert) => (
          <li key={alert.fingerprint + JSON.stringify(alert.labels)}>
            <LabelChips labels={alert.labels} />
          </li>
        ))}
      </ul>
    </div>
  );
}

const durations = ['30m', '1h', '2h', '8h', '1d', '7d'];

function DurationField({
  value,
  onChange,
}: {
  value: string;
  onChange: (duration: string) => void;
}): JSX.Element {
  return (
    <label>
      For how long
      <span class="durations">
        <input value={value} onInput={(event) => onChange(event.currentTarget.value)} />
        {durations.map((duration) => (
          <button
            type="button"
            key={duration}
            aria-pressed={value === duration}
            onClick={() => onChange(duration)}
          >
            {duration}
          </button>
        ))}
      </span>
    </label>
  );
}

function lengthOf(draft: SilenceDraft): number | undefined {
  return parseDuration(draft.duration.replaceAll(' ', ''));
}

/** What keeps the draft from being sent; '' = nothing. */
function problemOf(draft: SilenceDraft): string {
  const wrong = matchersProblem(draft.matchers);
  if (wrong !== '') return wrong;
  if (lengthOf(draft) === undefined) return 'write the duration like 2h or 1d12h';
  if (draft.createdBy.trim() === '') return 'say who you are';
  return draft.comment.trim() === '' ? 'say why' : '';
}

/** A silence that has not begun keeps its start, and its length is counted from there. */
function bodyOf(draft: SilenceDraft, now: number): NewSilence {
  const begins = draft.startsAt === undefined ? NaN : timeMs(draft.startsAt);
  const from = begins > now ? begins : now;
  return {
    matchers: draft.matchers,
    startsAt: draft.startsAt ?? new Date(now).toISOString(),
    endsAt: new Date(from + (lengthOf(draft) ?? 0)).toISOString(),
    createdBy: draft.createdBy.trim(),
    comment: draft.comment.trim(),
    ...(draft.id === undefined ? {} : { id: draft.id }),
  };
}

interface FormProps {
  initial: SilenceDraft;
  onClose: () => void;
  onDone: () => void;
}

/** Creates a silence, or changes one, and shows meanwhile what it will match. */
export function SilenceForm({ initial, onClose, onDone }: FormProps): JSX.Element {
  const [draft, setDraft] = useState(initial);
  const [busy, setBusy] = useState(false);
  const set = (changes: Partial<SilenceDraft>): void => setDraft({ ...draft, ...changes });
  const isNew = draft.id === undefined;
  const problem = problemOf(draft);
  const submit = async (): Promise<void> => {
    setBusy(true);
    remember(authorKey, draft.createdBy);
    const done = isNew ? 'The silence is made' : 'The silence is changed';
    if (await attempt(() => postSilence(bodyOf(draft, Date.now())), done)) onDone();
    setBusy(false);
  };
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    if (problem === '' && !busy) void submit();
  };
  return (
    <Modal title={isNew ? 'New silence' : 'Change silence'} onClose={onClose} kind="drawer">
      <form class="silence-form" onSubmit={onSubmit}>
        <MatcherFields matchers={draft.matchers} onChange={(matchers) => set({ matchers })} />
        <DurationField value={draft.duration} onChange={(duration) => set({ duration })} />
        <label>
          By
          <input
            value={draft.createdBy}
            autocomplete="name"
            onInput={(event) => set({ createdBy: event.currentTarget.value })}
          />
        </label>
        <label>
          Why
          <textarea
            rows={2}
            value={draft.comment}
            onInput={(event) => set({ comment: event.currentTarget.value })}
          />
        </label>
        <Preview matchers={draft.matchers} problem={matchersProblem(draft.matchers)} />
        <div class="dialog-actions">
          <span class="hint">{matchersProblem(draft.matchers) === '' ? problem : ''}</span>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={problem !== '' || busy}>
            {isNew ? 'Silence' : 'Change'}
          </button>
        </div>
      </form>
    </Modal>
  );
}
