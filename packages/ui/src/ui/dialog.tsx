import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { IconButton } from './basics.tsx';

interface ModalProps {
  title: string;
  onClose: () => void;
  /** 'drawer' stands at the right edge. */
  kind?: 'dialog' | 'drawer';
  children: ComponentChildren;
}

/** The browser's own modal dialog: it keeps the focus inside and closes on Esc. */
export function Modal({ title, onClose, kind = 'dialog', children }: ModalProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={kind}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2>{title}</h2>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface Question {
  title: string;
  text: string;
  action: string;
  danger: boolean;
  answer: (yes: boolean) => void;
}

const question = signal<Question | undefined>(undefined);

/** Asks before something changes. */
export function confirmAction(asked: {
  title: string;
  text: string;
  action: string;
  danger?: boolean;
}): Promise<boolean> {
  return new Promise((resolve) => {
    question.value = {
      danger: false,
      ...asked,
      answer: (yes) => {
        question.value = undefined;
        resolve(yes);
      },
    };
  });
}

export function ConfirmHost(): JSX.Element | null {
  const asked = question.value;
  if (!asked) return null;
  return (
    <Modal title={asked.title} onClose={() => asked.answer(false)}>
      <p>{asked.text}</p>
      <div class="dialog-actions">
        <button type="button" onClick={() => asked.answer(false)}>
          Cancel
        </button>
        <button
          type="button"
          class={asked.danger ? 'danger' : 'primary'}
          autofocus
          onClick={() => asked.answer(true)}
        >
          {asked.action}
        </button>
      </div>
    </Modal>
  );
}
