import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ActiveAlert } from '../api/alertmanager.ts';
import { acknowledge, unacknowledge } from '../api/notifications.ts';
import { recall, remember } from '../theme.ts';
import { Modal } from '../ui/dialog.tsx';
import { attempt } from '../ui/toast.tsx';

/** What was acknowledged from this page, until the server's own answer shows it. */
const known = signal<ReadonlyMap<string, string>>(new Map());

function note(fingerprint: string, text: string | undefined): void {
  const next = new Map(known.value);
  if (text === undefined) next.delete(fingerprint);
  else next.set(fingerprint, text);
  known.value = next;
}

function Form({ alert, onClose }: { alert: ActiveAlert; onClose: () => void }): JSX.Element {
  const [by, setBy] = useState(recall('prunella.author') ?? '');
  const [comment, setComment] = useState('');
  const submit = async (): Promise<void> => {
    remember('prunella.author', by);
    const text = `by ${by.trim()}${comment.trim() === '' ? '' : `: ${comment.trim()}`}`;
    if (
      !(await attempt(
        () => acknowledge(alert.fingerprint, by.trim(), comment.trim()),
        'Acknowledged: no more repeats',
      ))
    )
      return;
    note(alert.fingerprint, text);
    onClose();
  };
  return (
    <Modal title={`Acknowledge ${alert.labels['alertname'] ?? 'the alert'}`} onClose={onClose}>
      <form
        class="silence-form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p>Messages about it are not repeated until it resolves; its resolving is told.</p>
        <label>
          By
          <input
            value={by}
            autofocus
            autocomplete="name"
            onInput={(event) => setBy(event.currentTarget.value)}
          />
        </label>
        <label>
          Comment
          <input value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
        </label>
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={by.trim() === ''}>
            Acknowledge
          </button>
        </div>
      </form>
    </Modal>
  );
}

/** Acknowledges an alert, or takes that back. */
export function Acknowledge({ alert }: { alert: ActiveAlert }): JSX.Element {
  const [open, setOpen] = useState(false);
  const text = known.value.get(alert.fingerprint) ?? alert.annotations['acknowledged'];
  const undo = async (): Promise<void> => {
    if (await attempt(() => unacknowledge(alert.fingerprint), 'Taken back: messages go on'))
      note(alert.fingerprint, undefined);
  };
  if (text !== undefined) {
    return (
      <button type="button" title={`Acknowledged ${text}`} onClick={() => void undo()}>
        Take back acknowledgement
      </button>
    );
  }
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Acknowledge
      </button>
      {open && <Form alert={alert} onClose={() => setOpen(false)} />}
    </>
  );
}
