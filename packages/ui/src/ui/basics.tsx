import type { ComponentChildren, JSX } from 'preact';
import type { Resource } from '../live.ts';
import { formatAge, formatClock, formatDateTime, timeMs } from '../time.ts';
import { Icon, type IconName } from './icon.tsx';
import { toast } from './toast.tsx';

/** The title of a page, what it is about, and its actions. */
export function PageHead({
  title,
  note,
  children,
}: {
  title: string;
  note?: ComponentChildren;
  children?: ComponentChildren;
}): JSX.Element {
  document.title = `${title} · Prunella`;
  return (
    <header class="page-head">
      <div>
        <h1>{title}</h1>
        {note !== undefined && <div class="dim">{note}</div>}
      </div>
      <div class="actions">{children}</div>
    </header>
  );
}

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'heal' | 'idle';

/** A state in one word; the colour repeats what the word says. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }): JSX.Element {
  return <span class={`badge ${tone}`}>{children}</span>;
}

export function severityTone(severity: string): Tone {
  return /^(critical|page|error|high|emergency)$/i.test(severity)
    ? 'bad'
    : /^(warning|warn|medium)$/i.test(severity)
      ? 'warn'
      : 'info';
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

export function Note({ tone = 'info', children }: { tone?: Tone; children: ComponentChildren }): JSX.Element {
  return (
    <div class={`note ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon name={tone === 'info' ? 'info' : 'warning'} />
      <div>{children}</div>
    </div>
  );
}

/** What was loaded, or why there is nothing yet. A failed refresh keeps the last answer below the message. */
export function Loaded<T>({
  resource,
  children,
}: {
  resource: Resource<T>;
  children: (data: T) => ComponentChildren;
}): JSX.Element {
  return (
    <>
      {resource.error !== undefined && <Note tone="bad">{resource.error}</Note>}
      {resource.data === undefined
        ? resource.error === undefined && (
            <div class="loading" role="status">
              Loading…
            </div>
          )
        : children(resource.data)}
    </>
  );
}

export function Card({
  title,
  actions,
  className = '',
  children,
}: {
  title?: ComponentChildren;
  actions?: ComponentChildren;
  className?: string;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <section class={`card ${className}`}>
      {title !== undefined && (
        <header class="card-head">
          <h2>{title}</h2>
          {actions}
        </header>
      )}
      {children}
    </section>
  );
}

/** A label set as chips. `__name__` stands first. */
export function LabelChips({
  labels,
  skip = [],
}: {
  labels: Record<string, string>;
  skip?: readonly string[];
}): JSX.Element {
  return (
    <span class="chips">
      {Object.entries(labels)
        .filter(([name]) => !skip.includes(name))
        .map(([name, value]) => (
          <span class="chip" key={name} title={`${name}="${value}"`}>
            <span>{name}</span>
            <b>{value}</b>
          </span>
        ))}
    </span>
  );
}

/** A time as a reader wants it, with the full one at hand. */
export function Time({
  at,
  now,
  ago = false,
}: {
  at: string | number;
  now: number;
  ago?: boolean;
}): JSX.Element {
  const ms = typeof at === 'number' ? at : timeMs(at);
  if (!Number.isFinite(ms)) return <span class="dim">–</span>;
  const distance = now - ms;
  const relative = distance >= -999 ? `${formatAge(distance)} ago` : `in ${formatAge(-distance)}`;
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatDateTime(ms)}>
      {ago ? relative : formatClock(ms, now)}
    </time>
  );
}

export function IconButton({
  icon,
  label,
  onClick,
  pressed,
}: {
  icon: IconName;
  label: string;
  onClick: (event: MouseEvent) => void;
  pressed?: boolean;
}): JSX.Element {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      onClick={onClick}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
    >
      <Icon name={icon} />
    </button>
  );
}

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }): JSX.Element {
  const copy = (): void => {
    navigator.clipboard?.writeText(text).then(
      () => toast('Copied'),
      () => toast('The browser refused to copy', 'bad'),
    );
  };
  return <IconButton icon="copy" label={label} onClick={copy} />;
}

/** A link to Explore with an expression. */
export function exploreHref(expr: string, range?: { from: string; to: string }): string {
  const query = new URLSearchParams({ expr, ...range });
  return `/explore?${query.toString()}`;
}
