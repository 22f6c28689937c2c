import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { expireSilence, matcherText, silences, type Silence } from '../api/alertmanager.ts';
import { useNow, useResource } from '../live.ts';
import { location, setSearch } from '../router.ts';
import { Badge, Card, Empty, Loaded, PageHead, Time, type Tone } from '../ui/basics.tsx';
import { More } from '../ui/more.tsx';
import { confirmAction } from '../ui/dialog.tsx';
import { attempt } from '../ui/toast.tsx';
import { editDraft, newDraft, SilenceForm, type SilenceDraft } from '../view/silence-form.tsx';
import { RecurringSilences } from '../view/recurring-silences.tsx';
import { parseMatcher } from '../view/silence-matchers.ts';

const tones: Record<Silence['state'], Tone> = { active: 'heal', pending: 'warn', expired: 'idle' };
const order: Silence['state'][] = ['active', 'pending', 'expired'];

interface RowProps {
  silence: Silence;
  now: number;
  onEdit: () => void;
  onExpired: () => void;
}

function SilenceRow({ silence, now, onEdit, onExpired }: RowProps): JSX.Element {
  const expire = async (): Promise<void> => {
    const asked = {
      title: 'Expire this silence?',
      text: `Alerts with ${silence.matchers.map(matcherText).join(', ')} will be told again.`,
      action: 'Expire',
      danger: true,
    };
    if (
      (await confirmAction(asked)) &&
      (await attempt(() => expireSilence(silence.id), 'The silence has ended'))
    )
      onExpired();
  };
  return (
    <li class={location.value.search.get('id') === silence.id ? 'alert marked' : 'alert'}>
      <div class="alert-head">
        <Badge tone={tones[silence.state]}>{silence.state}</Badge>
        <span class="chips">
          {silence.matchers.map((matcher, index) => (
            <code class="chip" key={index}>
              {matcherText(matcher)}
            </code>
          ))}
        </span>
        <span class="alert-links">
          <button type="button" onClick={onEdit}>
            {silence.state === 'expired' ? 'Make again' : 'Edit'}
          </button>
          {silence.state !== 'expired' && (
            <button type="button" class="danger" onClick={() => void expire()}>
              Expire
            </button>
          )}
        </span>
      </div>
      <p class="break">{silence.comment}</p>
      <small class="dim">
        <bdi>{silence.createdBy}</bdi> · {silence.state === 'pending' ? 'starts' : 'started'}{' '}
        <Time at={silence.startsAt} now={now} ago /> · {silence.state === 'expired' ? 'ended' : 'ends'}{' '}
        <Time at={silence.endsAt} now={now} ago />
      </small>
    </li>
  );
}

export function SilencesPage(): JSX.Element {
  const now = useNow(5000);
  const resource = useResource('silences', (signal) => silences(signal), {
    events: ['alerts'],
    everyMs: 15_000,
  });
  const [draft, setDraft] = useState<SilenceDraft | undefined>(undefined);
  const { search } = location.value;
  const asked = search.get('new') !== null;
  useEffect(() => {
    if (asked) setDraft(newDraft(search.getAll('match').flatMap((text) => parseMatcher(text) ?? [])));
  }, [asked]);
  const close = (): void => {
    setDraft(undefined);
    if (asked) setSearch({ new: undefined, match: undefined }, { replace: true });
  };
  return (
    <>
      <PageHead title="Silences" note="Alerts that nobody is told about, for a while">
        <button type="button" class="primary" onClick={() => setDraft(newDraft([]))}>
          New silence
        </button>
      </PageHead>
      <Loaded resource={resource}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No silences">Silence an alert from the Alerts page, or make one here.</Empty>
          ) : (
            order.map((state) => {
              const members = all
                .filter((silence) => silence.state === state)
                .sort((a, b) => b.startsAt.localeCompare(a.startsAt));
              if (members.length === 0) return null;
              return (
                <Card
                  key={state}
                  title={state[0]?.toUpperCase() + state.slice(1)}
                  actions={<small class="dim">{members.length}</small>}
                >
                  <More items={members} step={50} what="silences">
                    {(shown) => (
                      <ul class="alert-list">
                        {shown.map((silence) => (
                          <SilenceRow
                            key={silence.id}
                            silence={silence}
                            now={now}
                            onEdit={() => setDraft(editDraft(silence))}
                            onExpired={resource.refresh}
                          />
                        ))}
                      </ul>
                    )}
                  </More>
                </Card>
              );
            })
          )
        }
      </Loaded>
      <RecurringSilences />
      {draft && (
        <SilenceForm
          initial={draft}
          onClose={close}
          onDone={() => {
            close();
            resource.refresh();
          }}
        />
      )}
    </>
  );
}
