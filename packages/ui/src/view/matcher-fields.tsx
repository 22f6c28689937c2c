import type { JSX } from 'preact';
import type { SilenceMatcher } from '../api/alertmanager.ts';
import { IconButton } from '../ui/basics.tsx';
import { Icon } from '../ui/icon.tsx';

const operators = ['=', '!=', '=~', '!~'] as const;

function operatorOf({ isEqual, isRegex }: SilenceMatcher): string {
  return isEqual ? (isRegex ? '=~' : '=') : isRegex ? '!~' : '!=';
}

export const emptyMatcher: SilenceMatcher = { name: '', value: '', isRegex: false, isEqual: true };

interface RowProps {
  matcher: SilenceMatcher;
  onChange: (matcher: SilenceMatcher) => void;
  onRemove: () => void;
}

function MatcherRow({ matcher, onChange, onRemove }: RowProps): JSX.Element {
  const choose = (operator: string): void =>
    onChange({ ...matcher, isRegex: operator.endsWith('~'), isEqual: !operator.startsWith('!') });
  return (
    <div class="matcher">
      <input
        aria-label="Label"
        placeholder="label"
        value={matcher.name}
        onInput={(event) => onChange({ ...matcher, name: event.currentTarget.value.trim() })}
      />
      <select
        aria-label="Operator"
        value={operatorOf(matcher)}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {operators.map((operator) => (
          <option key={operator}>{operator}</option>
        ))}
      </select>
      <input
        aria-label="Value"
        placeholder="value"
        value={matcher.value}
        onInput={(event) => onChange({ ...matcher, value: event.currentTarget.value })}
      />
      <IconButton icon="close" label="Remove matcher" onClick={onRemove} />
    </div>
  );
}

interface FieldsProps {
  matchers: readonly SilenceMatcher[];
  onChange: (matchers: SilenceMatcher[]) => void;
}

/** The labels that choose alerts; all of them must fit. */
export function MatcherFields({ matchers, onChange }: FieldsProps): JSX.Element {
  return (
    <fieldset>
      <legend>Alerts with all of these labels</legend>
      {matchers.map((matcher, index) => (
        <MatcherRow
          key={index}
          matcher={matcher}
          onChange={(next) => onChange(matchers.map((old, at) => (at === index ? next : old)))}
          onRemove={() => onChange(matchers.filter((_old, at) => at !== index))}
        />
      ))}
      <button type="button" onClick={() => onChange([...matchers, { ...emptyMatcher }])}>
        <Icon name="plus" size={12} /> Matcher
      </button>
    </fieldset>
  );
}
