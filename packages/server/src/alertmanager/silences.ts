import {
  SilenceError,
  silenceState,
  type Alertmanager,
  type Silence,
  type SilenceMatcher,
  type SilenceState,
} from '@prunella/alertmanager';
import { Fields, parseBody } from './body.ts';
import { ApiError } from './errors.ts';
import { flagParam, matchersParam, type Query } from './query.ts';

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** `gettableSilence` of the OpenAPI file. */
function toApi(silence: Silence, now: number): object {
  return {
    id: silence.id,
    status: { state: silenceState(silence, now) },
    updatedAt: new Date(silence.updatedAt).toISOString(),
    ...(silence.annotations && { annotations: silence.annotations }),
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: new Date(silence.endsAt).toISOString(),
    matchers: silence.matchers,
    startsAt: new Date(silence.startsAt).toISOString(),
  };
}

/** `GET /silences`: active, pending, expired; what ends or begins sooner first, what expired last first. @throws ApiError */
export function getSilences(alertmanager: Alertmanager, query: Query): object[] {
  const now = alertmanager.now();
  const filter = matchersParam(query, 'filter').map((m) => print(m));
  const states = (['active', 'pending', 'expired'] as const).filter((state) => flagParam(query, state, true));
  const wanted = alertmanager.silences.all().filter((silence) => {
    const own = new Set(silence.matchers.map(print));
    return filter.every((matcher) => own.has(matcher));
  });
  return states.flatMap((state) =>
    wanted
      .filter((silence) => silenceState(silence, now) === state)
      .sort(ORDER[state])
      .map((silence) => toApi(silence, now)),
  );
}

const ORDER: Readonly<Record<SilenceState, (a: Silence, b: Silence) => number>> = {
  active: (a, b) => a.endsAt - b.endsAt,
  pending: (a, b) => a.startsAt - b.startsAt,
  expired: (a, b) => b.endsAt - a.endsAt,
};

function print(matcher: SilenceMatcher): string {
  return JSON.stringify([matcher.name, matcher.value, matcher.isRegex, matcher.isEqual]);
}

/** `GET /silence/{id}`. @throws ApiError */
export function getSilence(alertmanager: Alertmanager, id: string): object {
  checkId(id);
  const silence = alertmanager.silences.get(id);
  if (!silence) throw ApiError.empty(404);
  return toApi(silence, alertmanager.now());
}

/** `DELETE /silence/{id}`. @throws ApiError */
export async function deleteSilence(alertmanager: Alertmanager, id: string): Promise<void> {
  checkId(id);
  if (!alertmanager.silences.get(id)) throw ApiError.empty(404);
  await alertmanager.silences.expire(id);
}

function checkId(id: string): void {
  if (!UUID.test(id)) {
    throw ApiError.invalid(601, `silenceID in path must be of type uuid: ${JSON.stringify(id)}`);
  }
}

/** `POST /silences`. @throws ApiError */
export async function postSilence(alertmanager: Alertmanager, raw: unknown): Promise<{ silenceID: string }> {
  const fields = new Fields(parseBody(raw, 'silence'), 'silence');
  const comment = fields.required('comment', fields.text('comment'));
  const createdBy = fields.required('createdBy', fields.text('createdBy'));
  const endsAt = fields.required('endsAt', fields.time('endsAt'));
  const matchers = fields.required('matchers', fields.list('matchers'));
  if (matchers.length === 0) throw ApiError.invalid(612, 'matchers in body should have at least 1 items');
  const read = matchers.map(readMatcher);
  const startsAt = fields.required('startsAt', fields.time('startsAt'));
  const annotations = fields.textMap('annotations');
  const id = fields.text('id');
  if (startsAt >= endsAt)
    throw ApiError.plain(400, 'Failed to create silence: start time must be before end time');
  if (endsAt < alertmanager.now()) {
    throw ApiError.plain(400, "Failed to create silence: end time can't be in the past");
  }
  try {
    const silenceID = await alertmanager.silences.set({
      matchers: read,
      startsAt,
      endsAt,
      createdBy,
      comment,
      ...(annotations && { annotations }),
      ...(id && { id }),
    });
    return { silenceID };
  } catch (error) {
    if (!(error instanceof SilenceError)) throw error;
    throw ApiError.plain(error.code === 'not_found' ? 404 : 400, error.message);
  }
}

function readMatcher(value: unknown, index: number): SilenceMatcher {
  const fields = new Fields(value, 'silence', `matchers.${index}.`);
  const isEqual = fields.flag('isEqual') ?? true;
  const isRegex = fields.required('isRegex', fields.flag('isRegex'));
  const name = fields.required('name', fields.text('name'));
  return { isEqual, isRegex, name, value: fields.required('value', fields.text('value')) };
}
