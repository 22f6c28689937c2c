import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { allName, type ResolvedVariable } from '../dashboard/resolve-variables.ts';
import { setSearch } from '../router.ts';
import { Icon } from '../ui/icon.tsx';
import { usePopover } from '../ui/use-popover.ts';

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

interface OptionProps {
  text: string;
  on: boolean;
  onChoose: () => void;
}

function Option({ text, on, onChoose }: OptionProps): JSX.Element {
  return (
    <li
      role="option"
      aria-selected={on}
      tabIndex={0}
      onClick={onChoose}
      onKeyDown={(event) => event.key === 'Enter' && onChoose()}
    >
      <span class="tick">{on && <Icon name="check" size={12} />}</span>
      {text}
    </li>
  );
}

const optionLimit = 300;

function Options({ one }: { one: ResolvedVariable }): JSX.Element {
  const [filter, setFilter] = useState('');
  const { variable, options, value } = one;
  const toggle = (option: string): void => {
    const present = value.all ? [] : value.values;
    if (!variable.multi) return choose(variable.name, [option]);
    const next = present.includes(option)
      ? present.filter((other) => other !== option)
      : [...present, option];
    return choose(variable.name, next.length === 0 && variable.includeAll ? [allName] : next);
  };
  const shown = options.filter((option) => option.text.toLowerCase().includes(filter.toLowerCase()));
  return (
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
          <Option text="All" on={value.all} onChoose={() => choose(variable.name, [allName])} />
        )}
        {shown.slice(0, optionLimit).map((option) => (
          <Option
            key={option.value}
            text={option.text}
            on={!value.all && value.values.includes(option.value)}
            onChoose={() => toggle(option.value)}
          />
        ))}
      </ul>
    </div>
  );
}

/** A list of values to choose from, several where the variable allows it. */
function MultiSelect({ one, id }: { one: ResolvedVariable; id: string }): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = usePopover(open, () => setOpen(false));
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
      {open && <Options one={one} />}
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
