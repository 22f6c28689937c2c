export * from './parse.ts';
export * from './schemas.ts';
export * from './yaml.ts';
export * from './mask.ts';
