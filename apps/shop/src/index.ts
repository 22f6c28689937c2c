export { buildApp } from './app.ts';
export { readSettings, SettingsError, type Settings } from './settings.ts';
