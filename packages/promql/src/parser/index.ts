export type * from './ast.ts';
export { typeOf } from './check.ts';
export { ParseError } from './error.ts';
export { AGGREGATIONS, FUNCTIONS, type FunctionSignature } from './functions.ts';
export { lex, type Token, type TokenKind } from './lexer.ts';
export { parse, parseSelector } from './parse.ts';
export { print } from './print.ts';
