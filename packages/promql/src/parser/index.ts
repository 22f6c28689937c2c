export type * from './ast.ts';
export { typeOf } from './check.ts';
export { FEATURES, type ParseOptions } from './features.ts';
export { ParseError } from './error.ts';
export { AGGREGATIONS, FUNCTIONS, type FunctionSignature } from './functions.ts';
export { lex, type Token, type TokenKind } from './lexer.ts';
export { parse, parseSelector } from './parse.ts';
export { print } from './print.ts';
