/** Text from outside for other readers than terminals: SARIF viewers, XML, Markdown, GitHub's runner. */

import type { Span } from './diagnostic.ts';
import { forTerminal } from './escape.ts';
import { positionAt } from './position.ts';

/** A SARIF message: a viewer makes links of brackets and fills in braces. @see SARIF 2.1.0 section 3.11 */
export const sarifMessage = (text: string): { readonly text: string } => ({
  text: forTerminal(text)
    .replace(/[\\[\]]/g, '\\$&')
    .replace(/[{}]/g, '$&$&'),
});

/** A path as a URI reference; a colon is encoded, so that no path becomes a scheme. */
export function uriOf(path: string): string {
  const parts = path.replace(/\p{Surrogate}/gu, '\ufffd').split('/');
  const encoded = parts.map((part) => encodeURIComponent(part)).join('/');
  return path.startsWith('/') ? `file://${encoded.replace(/^\/+/, '/')}` : encoded;
}

/** A SARIF region, both ends; columns in code points. */
export function sarifRegion(text: string, { start, end }: Span): Record<string, number> {
  const from = positionAt(text, start);
  const to = positionAt(text, end);
  return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
}

/** Text in Markdown: no markup of its own, no HTML, one line, no end of a table cell. */
export function forMarkdown(text: string): string {
  return forTerminal(text)
    .replace(/[\\`*_{}[\]()#+\-.!|~:@]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};

/**
 * Text between tags. XML 1.0 has no place for most control characters, lone surrogates and two non-characters, not even as
 * references. What a CI runner obeys in a line is written as references.
 */
export function forXml(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      forTerminal(line)
        .replace(/[\ufffe\uffff]/g, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`)
        .replace(/[<>&"']/g, (c) => ENTITIES[c] ?? c)
        .replace(/^(\s*)::/, '$1&#58;:')
        .replaceAll('##[', '#&#35;['),
    )
    .join('\n');
}

/** An attribute's value: one line. */
export const forXmlAttribute = (text: string): string => forXml(forTerminal(text));
