import type { JsonObject } from '../json.ts';

/**
 * The normalized form of Grafana's dashboard JSON: what migrate.ts makes of any schema version.
 * Options that only one panel type reads stay JSON and are read by that panel.
 */
export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  tags: string[];
  from: string;
  to: string;
  /** '' = off, else a duration such as '5s'. */
  refresh: string;
  utc: boolean;
  /** A crosshair (1) or a tooltip (2) shared by all charts. */
  sharedCrosshair: boolean;
  variables: Variable[];
  annotations: AnnotationQuery[];
  links: Link[];
  items: (Panel | Row)[];
}

export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Row {
  kind: 'row';
  id: number;
  title: string;
  collapsed: boolean;
  repeat: string;
  gridPos: GridPos;
  /** The panels below the row, in reading order. */
  panels: Panel[];
}

export interface Panel {
  kind: 'panel';
  id: number;
  type: string;
  title: string;
  description: string;
  transparent: boolean;
  gridPos: GridPos;
  datasource: DatasourceRef;
  targets: Target[];
  defaults: FieldConfig;
  overrides: Override[];
  options: JsonObject;
  transformations: Transformation[];
  /** Smallest step, e.g. '1m' or '$interval'. */
  interval: string;
  maxDataPoints: number | undefined;
  timeFrom: string;
  timeShift: string;
  repeat: string;
  repeatDirection: 'h' | 'v';
  maxPerRow: number;
  links: Link[];
  /** The variables that a repeat has pinned for this copy. */
  scope: Scope;
}

/** '' is the default data source; '-- Mixed --' leaves it to each target; may be '$ds'. */
export interface DatasourceRef {
  uid: string;
  type: string;
}

export interface Target {
  refId: string;
  expr: string;
  legendFormat: string;
  format: 'time_series' | 'table' | 'heatmap';
  instant: boolean;
  range: boolean;
  hide: boolean;
  /** Smallest step of this query. */
  interval: string;
  intervalFactor: number;
  datasource: DatasourceRef;
}

export interface Transformation {
  id: string;
  options: JsonObject;
  disabled: boolean;
}

export interface Override {
  matcher: { id: string; options: unknown };
  properties: { id: string; value: unknown }[];
}

export interface ThresholdStep {
  /** -Infinity for the base step. */
  value: number;
  color: string;
}

export interface Thresholds {
  mode: 'absolute' | 'percentage';
  steps: ThresholdStep[];
}

export interface MappingResult {
  text: string | undefined;
  color: string | undefined;
  index: number;
}

export type Mapping =
  | { type: 'value'; options: Record<string, MappingResult> }
  | { type: 'range'; from: number; to: number; result: MappingResult }
  | { type: 'regex'; pattern: string; result: MappingResult }
  | { type: 'special'; match: string; result: MappingResult };

export interface Link {
  title: string;
  url: string;
  newTab: boolean;
  /** Instead of an address: all dashboards with these tags. */
  tags?: string[];
  /** Take the time range and the variables along. */
  keepTime?: boolean;
  keepVariables?: boolean;
}

/** How a field is named, coloured and written. Absent means the panel's own choice. */
export interface FieldConfig {
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  displayName?: string;
  noValue?: string;
  color?: { mode: string; fixedColor: string; seriesBy: string };
  thresholds?: Thresholds;
  mappings?: Mapping[];
  links?: Link[];
  filterable?: boolean;
  /** The panel's own field options: drawStyle, axisPlacement, cellOptions … */
  custom: JsonObject;
}

export interface Variable {
  name: string;
  label: string;
  type: 'query' | 'datasource' | 'interval' | 'custom' | 'textbox' | 'constant' | 'adhoc';
  /** 'variable' hides it, 'label' shows the control alone. */
  hide: 'no' | 'label' | 'variable';
  query: string;
  regex: string;
  sort: number;
  multi: boolean;
  includeAll: boolean;
  allValue: string;
  /** Options written in the file (custom, interval). */
  options: VariableOption[];
  /** The choice stored in the file. */
  current: string[];
  refreshOnTime: boolean;
  auto: { enabled: boolean; count: number; min: string };
}

export interface VariableOption {
  text: string;
  value: string;
}

/** A variable's present value. `all` says that "All" is chosen, whose values then are every option. */
export interface VariableValue {
  values: string[];
  texts: string[];
  all: boolean;
  allValue: string;
}

export type Scope = ReadonlyMap<string, VariableValue>;

export interface AnnotationQuery {
  name: string;
  expr: string;
  color: string;
  enabled: boolean;
  hidden: boolean;
  step: string;
  title: string;
  text: string;
  tags: string;
  useValueForTime: boolean;
}
