import type { FieldConfig, Thresholds } from './types.ts';

/** Series colours: told apart by hue and lightness, also by readers who see fewer hues. */
export const palette: readonly string[] = [
  '#5b9cf5',
  '#f0a13f',
  '#3fbf8f',
  '#b78af5',
  '#ee6d6d',
  '#d9c341',
  '#3fbad6',
  '#f083bd',
  '#93bf4c',
  '#8a97f0',
  '#c99a66',
  '#8fa5b8',
  '#2f78d8',
  '#d07c14',
  '#22946a',
  '#8d5ad8',
  '#cf4444',
  '#ad9615',
  '#1b8fae',
  '#cf5595',
  '#6c9a26',
  '#5f6fd8',
  '#a0733f',
  '#68808f',
];

// Grafana's named colours: five shades of six hues, from dark to super-light.
const shades: Record<string, readonly [string, string, string, string, string]> = {
  red: ['#c4162a', '#e02f44', '#f2495c', '#ff7383', '#ffa6b0'],
  orange: ['#fa6400', '#ff780a', '#ff9830', '#ffb357', '#ffcb7d'],
  yellow: ['#e0b400', '#f2cc0c', '#fade2a', '#ffee52', '#fff899'],
  green: ['#37872d', '#56a64b', '#73bf69', '#96d98d', '#c8f2c2'],
  blue: ['#1f60c4', '#3274d9', '#5794f2', '#8ab8ff', '#c0d8ff'],
  purple: ['#8f3bb8', '#a352cc', '#b877d9', '#ca95e5', '#deb6f2'],
};
const shadeNames = ['dark-', 'semi-dark-', '', 'light-', 'super-light-'];

const literal = /^(#[0-9a-f]{3,8}|(rgb|rgba|hsl|hsla)\([\d\s.,%/-]+\)|[a-z]{3,20})$/i;

/** A colour as CSS takes it. Anything that is not a plain colour (a `url(…)`) becomes grey. */
export function cssColor(name: string): string {
  const found = /^(dark-|semi-dark-|light-|super-light-)?(\w+)$/.exec(name);
  const hue = found?.[2] && Object.hasOwn(shades, found[2]) ? shades[found[2]] : undefined;
  if (hue) return hue[shadeNames.indexOf(found?.[1] ?? '')] ?? hue[2];
  if (name === 'text') return 'currentColor';
  return literal.test(name) ? name : '#8fa5b8';
}

// Stops of the continuous schemes; values between are mixed.
const schemes: Record<string, readonly string[]> = {
  'continuous-GrYlRd': ['#73bf69', '#f2cc0c', '#f2495c'],
  'continuous-RdYlGr': ['#f2495c', '#f2cc0c', '#73bf69'],
  'continuous-BlYlRd': ['#5794f2', '#f2cc0c', '#f2495c'],
  'continuous-YlRd': ['#f2cc0c', '#f2495c'],
  'continuous-BlPu': ['#5794f2', '#b877d9'],
  'continuous-YlBl': ['#f2cc0c', '#5794f2'],
  'continuous-blues': ['#123a63', '#5794f2', '#c0d8ff'],
  'continuous-reds': ['#5c1420', '#f2495c', '#ffc4cb'],
  'continuous-greens': ['#15401a', '#73bf69', '#d3f2cf'],
  'continuous-purples': ['#3a1450', '#b877d9', '#ecd3f7'],
};

function channels(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Mixes the stops at a share between 0 and 1. */
export function mix(stops: readonly string[], share: number): string {
  const position = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(position));
  const low = channels(stops[index] ?? '#000000');
  const high = channels(stops[index + 1] ?? stops[index] ?? '#000000');
  const part = position - index;
  const mixed = low.map((channel, at) => Math.round(channel + ((high[at] ?? 0) - channel) * part));
  return `rgb(${mixed.join(', ')})`;
}

export function schemeStops(mode: string): readonly string[] | undefined {
  return Object.hasOwn(schemes, mode) ? schemes[mode] : undefined;
}

/** The step that a value has reached. Percentages are of the range from min to max. */
export function thresholdColor(thresholds: Thresholds, value: number, min: number, max: number): string {
  const compared = thresholds.mode === 'percentage' ? ((value - min) / (max - min || 1)) * 100 : value;
  let color = thresholds.steps[0]?.color ?? 'green';
  for (const step of thresholds.steps) if (compared >= step.value) color = step.color;
  return cssColor(color);
}

/** The thresholds that Grafana gives to a panel that says nothing. */
export const defaultThresholds: Thresholds = {
  mode: 'absolute',
  steps: [
    { value: -Infinity, color: 'green' },
    { value: 80, color: 'red' },
  ],
};

function nameHash(name: string): number {
  let hash = 0;
  for (let index = 0; index < name.length; index++) hash = (hash * 31 + name.charCodeAt(index)) >>> 0;
  return hash;
}

export function seriesColor(index: number): string {
  return palette[index % palette.length] ?? '#8fa5b8';
}

export interface ColorInput {
  config: FieldConfig;
  /** The field's place among all the panel's number fields. */
  index: number;
  name: string;
  /** The value that decides in the modes by value. */
  value: number | null;
  min: number;
  max: number;
  /** The mode of panels that do not say: 'thresholds' for stat and gauge, 'palette-classic' for charts. */
  fallback: string;
}

/** The colour of a field, or of one of its values. */
export function fieldColor({ config, index, name, value, min, max, fallback }: ColorInput): string {
  const mode = config.color?.mode || fallback;
  const stops = schemeStops(mode);
  if (stops) return mix(stops, max > min ? ((value ?? min) - min) / (max - min) : 0);
  switch (mode) {
    case 'fixed':
    case 'shades':
      return cssColor(config.color?.fixedColor || 'gray');
    case 'thresholds':
      return thresholdColor(config.thresholds ?? defaultThresholds, value ?? -Infinity, min, max);
    case 'palette-classic-by-name':
      return seriesColor(nameHash(name));
    default:
      return seriesColor(index);
  }
}
