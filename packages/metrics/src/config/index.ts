export * from './fingerprint.ts';
export * from './mask.ts';
export * from './parse.ts';
export * from './schemas.ts';
export * from './yaml.ts';
