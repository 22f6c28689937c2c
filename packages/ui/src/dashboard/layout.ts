import type { Panel, Row, Scope, VariableValue } from './types.ts';

/** A row with its panels, or the panels above the first row (`row` undefined). */
export interface Section {
  key: string;
  row: Row | undefined;
  title: string;
  collapsed: boolean;
  panels: Panel[];
  scope: Scope;
}

/** One value of a repeated variable at a time. */
function pinned(name: string, value: VariableValue): Scope[] {
  return value.values.map(
    (one, index) =>
      new Map([[name, { values: [one], texts: [value.texts[index] ?? one], all: false, allValue: '' }]]),
  );
}

/** Copies a panel for each value of its variable: side by side, `maxPerRow` at most, or below each other. */
function repeatPanel(panel: Panel, scope: Scope): Panel[] {
  const value = panel.repeat === '' ? undefined : scope.get(panel.repeat);
  if (!value || value.values.length === 0) return [panel];
  const copies = pinned(panel.repeat, value);
  const columns = panel.repeatDirection === 'v' ? 1 : Math.min(copies.length, panel.maxPerRow);
  const width = panel.repeatDirection === 'v' ? panel.gridPos.w : Math.max(1, Math.floor(24 / columns));
  const left = panel.repeatDirection === 'v' ? panel.gridPos.x : 0;
  return copies.map((own, index) => ({
    ...panel,
    id: panel.id + index * 100_000,
    repeat: '',
    scope: new Map([...panel.scope, ...own]),
    gridPos: {
      ...panel.gridPos,
      w: width,
      x: left + (index % columns) * width,
      y: panel.gridPos.y + Math.floor(index / columns) * panel.gridPos.h,
    },
  }));
}

/** Repeats panels, pushes what stands below them down, and moves the section's top to 0. */
function placePanels(panels: readonly Panel[], scope: Scope): Panel[] {
  const top = Math.min(...panels.map((panel) => panel.gridPos.y));
  let pushed = 0;
  const out: Panel[] = [];
  for (const panel of [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)) {
    const moved = { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y - top + pushed } };
    const copies = repeatPanel(moved, new Map([...scope, ...panel.scope]));
    const bottom = Math.max(...copies.map((copy) => copy.gridPos.y + copy.gridPos.h));
    pushed += bottom - (moved.gridPos.y + moved.gridPos.h);
    out.push(...copies);
  }
  return out;
}

function section(
  row: Row | undefined,
  key: string,
  panels: readonly Panel[],
  scope: Scope,
  own: Scope,
): Section {
  const scoped = panels.map((panel) => ({ ...panel, scope: new Map([...own, ...panel.scope]) }));
  return {
    key,
    row,
    title: row?.title ?? '',
    collapsed: row?.collapsed ?? false,
    panels: placePanels(scoped, scope),
    scope: own,
  };
}

/** The dashboard as sections in reading order, with rows and panels repeated for the variables' present values. */
export function layoutSections(items: readonly (Panel | Row)[], scope: Scope): Section[] {
  const top = items.filter((item): item is Panel => item.kind === 'panel');
  const sections = top.length > 0 ? [section(undefined, 'top', top, scope, new Map())] : [];
  for (const [index, item] of items.entries()) {
    if (item.kind !== 'row') continue;
    const value = item.repeat === '' ? undefined : scope.get(item.repeat);
    const owns: Scope[] = value && value.values.length > 0 ? pinned(item.repeat, value) : [new Map()];
    for (const [copy, own] of owns.entries())
      sections.push(section(item, `${index}:${item.id}:${copy}`, item.panels, scope, own));
  }
  return sections;
}
