import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import {
  alerts,
  matcherText,
  postSilence,
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

/** Creates a silence, or changes one. */
export function SilenceForm({
  initial,
  onClose,
  onDone,
}: {
  initial: SilenceDraft;
  onClose: () => void;
  onDone: () => void;
}): JSX.Element {
  const [draft, setDraft] = useState(initial);
  const [busy, setBusy] = useState(false);
  const set = (changes: Partial<SilenceDraft>): void => setDraft({ ...draft, ...changes });
  const matchersWrong = matchersProblem(draft.matchers);
  const length = parseDuration(draft.duration.replaceAll(' ', ''));
  const problem =
    matchersWrong ||
    (length === undefined ? 'write the duration like 2h or 1d12h' : '') ||
    (draft.createdBy.trim() === '' ? 'say who you are' : '') ||
    (draft.comment.trim() === '' ? 'say why' : '');
  const submit = async (): Promise<void> => {
    setBusy(true);
    remember(authorKey, draft.createdBy);
    const now = Date.now();
    const starts =
      draft.startsAt !== undefined && timeMs(draft.startsAt) > now ? timeMs(draft.startsAt) : now;
    const body = {
      matchers: draft.matchers,
      startsAt: draft.startsAt ?? new Date(starts).toISOString(),
      endsAt: new Date(starts + (length ?? 0)).toISOString(),
      createdBy: draft.createdBy.trim(),
      comment: draft.comment.trim(),
      ...(draft.id === undefined ? {} : { id: draft.id }),
    };
    if (
      await attempt(
        () => postSilence(body),
        draft.id === undefined ? 'The silence is made' : 'The silence is changed',
      )
    )
      onDone();
    setBusy(false);
  };
  return (
    <Modal title={draft.id === undefined ? 'New silence' : 'Change silence'} onClose={onClose} kind="drawer">
      <form
        class="silence-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (problem === '' && !busy) void submit();
        }}
      >
        <MatcherFields matchers={draft.matchers} onChange={(matchers) => set({ matchers })} />
        <label>
          For how long
          <span class="durations">
            <input value={draft.duration} onInput={(event) => set({ duration: event.currentTarget.value })} />
            {durations.map((duration) => (
              <button
                type="button"
                key={duration}
                aria-pressed={draft.duration === duration}
                onClick={() => set({ duration })}
              >
                {duration}
              </button>
            ))}
          </span>
        </label>
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
        <Preview matchers={draft.matchers} problem={matchersWrong} />
        <div class="dialog-actions">
          {problem !== '' && problem !== matchersWrong && <span class="hint">{problem}</span>}
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={problem !== '' || busy}>
            {draft.id === undefined ? 'Silence' : 'Change'}
          </button>
        </div>
      </form>
    </Modal>
  );
}
