export { Answers, Template, type TemplateOptions } from './template.ts';
export { TemplateError } from './syntax/parse.ts';
export { defaultLimits, type Limits } from './execution.ts';
export {
  fn,
  SafeText,
  StringMap,
  printValue,
  typeName,
  truth,
  type FuncMap,
  type GoFunc,
  type GoValue,
  type ParamType,
  type Stringer,
  type Typed,
} from './values.ts';
export { sprint, sprintf, sprintln } from './fmt/printf.ts';
export { escapeHtml, escapeQuery } from './builtins.ts';
export { toJson } from './html/escape.ts';
export { GoTime } from './time/time.ts';
export { GoDuration } from './time/duration.ts';
export * from './functions/prometheus.ts';
export * from './functions/alertmanager.ts';
export * from './functions/humanize.ts';
export { title } from './functions/strings.ts';
export { match, replaceAll } from './functions/regex.ts';
