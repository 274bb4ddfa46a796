export { CODES, type Code } from './codes.ts';
export { Diagnostics, fail, type NewDiagnostic } from './collector.ts';
export { decodeText } from './decode.ts';
export type { Diagnostic, Place, Related, Severity, Source, Span } from './diagnostic.ts';
export { SeccompcError, unreachable } from './error.ts';
export { forTerminal, jsonForTerminal, quoted, withoutCommands } from './escape.ts';
export { type Position, positionAt } from './position.ts';
export { COLOUR, PLAIN, render, renderPlain, type Style, toJson } from './render.ts';
export { forMarkdown, forXml, forXmlAttribute, sarifMessage, sarifRegion, uriOf } from './sinks.ts';
