export interface TipRow {
  color: string;
  label: string;
  value: string;
  /** The series nearest to the pointer. */
  near?: boolean;
}

let box: HTMLElement | undefined;

function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text; // names come from outside: text, never HTML
  return made;
}

function host(): HTMLElement {
  if (!box) {
    box = element('div', 'tip');
    box.setAttribute('role', 'tooltip');
    document.body.append(box);
  }
  return box;
}

const maxRows = 16;

function shownRows(rows: readonly TipRow[]): readonly TipRow[] {
  if (rows.length <= maxRows) return rows;
  const near = rows.findIndex((row) => row.near);
  const start = Math.max(0, Math.min(near - maxRows / 2, rows.length - maxRows));
  return rows.slice(start, start + maxRows);
}

/** Shows the one tooltip of the page beside the pointer (client pixels). */
export function showTip(x: number, y: number, title: string, rows: readonly TipRow[]): void {
  const tip = host();
  const shown = shownRows(rows);
  const lines = shown.map((row) => {
    const line = element('div', row.near ? 'tip-row near' : 'tip-row');
    const mark = element('span', 'tip-mark');
    mark.style.background = row.color;
    line.append(mark, element('span', 'tip-label', row.label), element('span', 'tip-value', row.value));
    return line;
  });
  const rest = rows.length - shown.length;
  tip.replaceChildren(
    element('div', 'tip-title', title),
    ...lines,
    ...(rest > 0 ? [element('div', 'tip-rest', `and ${rest} more`)] : []),
  );
  tip.style.display = 'block';
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = x + 16 + width > window.innerWidth ? x - 16 - width : x + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 12, window.innerHeight - height - 6))}px`;
}

export function hideTip(): void {
  if (box) box.style.display = 'none';
}
