import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Workload } from '../api/prunella.ts';
import { Modal } from '../ui/dialog.tsx';

interface ScaleProps {
  workload: Workload;
  /** Replicas now. */
  present: number;
  onClose: () => void;
  onScale: (replicas: number) => Promise<void>;
}

export function ScaleDialog({ workload, present, onClose, onScale }: ScaleProps): JSX.Element {
  const [replicas, setReplicas] = useState(present);
  return (
    <Modal title={`Scale ${workload.service}`} onClose={onClose}>
      <form
        class="silence-form"
        onSubmit={(event) => {
          event.preventDefault();
          void onScale(replicas);
        }}
      >
        <label>
          Replicas, {present} now
          <input
            type="number"
            min={0}
            max={50}
            value={replicas}
            autofocus
            onInput={(event) => setReplicas(Math.max(0, Math.round(Number(event.currentTarget.value))))}
          />
        </label>
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={replicas === present}>
            Scale to {replicas}
          </button>
        </div>
      </form>
    </Modal>
  );
}
