import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { allName, type ResolvedVariable } from '../dashboard/resolve-variables.ts';
import { setSearch } from '../router.ts';
import { Icon } from '../ui/icon.tsx';

function choose(name: string, values: string[]): void {
  setSearch({ [`var-${name}`]: values });
}

function shownText({ value, options }: ResolvedVariable): string {
  if (value.all) return 'All';
  if (value.texts.length === 0) return options.length === 0 ? 'none' : '–';
  return value.texts.length > 2
    ? `${value.texts.slice(0, 2).join(', ')} +${value.texts.length - 2}`
    : value.texts.join(', ');
}

/** Several values: a list of check boxes with a filter. */
function MultiSelect({ one, id }: { one: ResolvedVariable; id: string }): JSX.Element {
  const [open, setOpen] = useState(false);
  const [filter, setFilter] = useState('');
  const box = useRef<HTMLDivElement>(null);
  const { variable, options, value } = one;
  useEffect(() => {
    if (!open) return undefined;
    const close = (event: Event): void => {
      if (
        event instanceof KeyboardEvent ? event.key === 'Escape' : !box.current?.contains(event.target as Node)
      )
        setOpen(false);
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, [open]);
  const toggle = (option: string): void => {
    const present = value.all ? [] : value.values;
    if (!variable.multi) return choose(variable.name, [option]);
    const next = present.includes(option)
      ? present.filter((other) => other !== option)
      : [...present, option];
    return choose(variable.name, next.length === 0 && variable.includeAll ? [allName] : next);
  };
  return (
    <div class="multi" ref={box}>
      <button
        type="button"
        id={id}
        aria-haspopup="listbox"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {shownText(one)}
        <Icon name="down" size={11} />
      </button>
      {open && (
        <div class="popover multi-popover">
          {options.length > 8 && (
            <input
              aria-label={`Filter ${variable.label}`}
              placeholder="Filter…"
              value={filter}
              autofocus
              onInput={(event) => setFilter(event.currentTarget.value)}
            />
          )}
          <ul role="listbox" aria-multiselectable={variable.multi}>
            {variable.includeAll && (
              <li
                role="option"
                aria-selected={value.all}
                tabIndex={0}
                onClick={() => choose(variable.name, [allName])}
                onKeyDown={(event) => event.key === 'Enter' && choose(variable.name, [allName])}
              >
                <span class="tick">{value.all && <Icon name="check" size={12} />}</span>All
              </li>
            )}
            {options
              .filter((option) => option.text.toLowerCase().includes(filter.toLowerCase()))
              .slice(0, 300)
              .map((option) => {
                const on = !value.all && value.values.includes(option.value);
                return (
                  <li
                    key={option.value}
                    role="option"
                    aria-selected={on}
                    tabIndex={0}
                    onClick={() => toggle(option.value)}
                    onKeyDown={(event) => event.key === 'Enter' && toggle(option.value)}
                  >
                    <span class="tick">{on && <Icon name="check" size={12} />}</span>
                    {option.text}
                  </li>
                );
              })}
          </ul>
        </div>
      )}
    </div>
  );
}

function Control({ one }: { one: ResolvedVariable }): JSX.Element {
  const { variable, options, value } = one;
  const id = `var-${variable.name}`;
  const [text, setText] = useState(value.values[0] ?? '');
  useEffect(() => setText(value.values[0] ?? ''), [value.values[0]]);
  if (variable.type === 'textbox') {
    return (
      <input
        id={id}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={() => choose(variable.name, [text])}
      />
    );
  }
  if (variable.multi || variable.includeAll || options.length > 25) return <MultiSelect one={one} id={id} />;
  return (
    <select
      id={id}
      value={value.values[0] ?? ''}
      onChange={(event) => choose(variable.name, [event.currentTarget.value])}
    >
      {options.length === 0 && <option value="">none</option>}
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.text}
        </option>
      ))}
    </select>
  );
}

/** The controls above a dashboard. Hidden variables, and a choice of one data source, show nothing. */
export function VariablesBar({ variables }: { variables: readonly ResolvedVariable[] }): JSX.Element | null {
  const shown = variables.filter(
    ({ variable, options }) =>
      variable.hide !== 'variable' &&
      variable.type !== 'adhoc' &&
      !(variable.type === 'datasource' && options.length < 2),
  );
  if (shown.length === 0) return null;
  return (
    <div class="variables">
      {shown.map((one) => (
        <div class="variable" key={one.variable.name}>
          {one.variable.hide !== 'label' && (
            <label for={`var-${one.variable.name}`}>{one.variable.label}</label>
          )}
          <Control one={one} />
          {one.error !== undefined && (
            <span class="panel-warn" title={one.error}>
              <Icon name="warning" size={13} />
            </span>
          )}
        </div>
      ))}
    </div>
  );
}
