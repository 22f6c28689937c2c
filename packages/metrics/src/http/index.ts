export * from './client.ts';
export * from './config.ts';
export * from './create.ts';
export { tlsOptions } from './tls.ts';
