/**
 * `// seccompc-ignore CODE reason` in a profile: silences findings of one code. On a line of its own it is for the value
 * that comes next (a name, a condition, a whole rule, a property); behind something it is for its line.
 */
import { createScanner, findNodeAtOffset, type Node, parseTree } from 'jsonc-parser';
import { CODES, type Code, positionAt, quoted, type Source, type Span } from '../diag/index.ts';
import { didYouMean } from '../policy/vocabulary.ts';
import type { Finding } from './finding.ts';
import { LINTS } from './table.ts';

/** SyntaxKind.LineCommentTrivia, BlockCommentTrivia, Trivia, LineBreakTrivia, EOF: a const enum there. */
const LINE_COMMENT = 12;
const BLOCK_COMMENT = 13;
const LINE_BREAK = 14;
const SPACE = 15;
const EOF = 17;
const IGNORE = /^\/[/*]\s*seccompc-ignore\b[ \t]*(\S*)[ \t]*([\s\S]*?)(?:\*\/)?$/;

interface Ignore {
  readonly code: string;
  readonly reason: string;
  readonly span: Span;
  /** Findings that begin in here. */
  readonly scope: Span;
}

function ignores(text: string): readonly Ignore[] {
  if (!text.includes('seccompc-ignore')) return [];
  const root = parseTree(text.replace(/^\ufeff/, ' '), [], { allowTrailingComma: true });
  const scanner = createScanner(text, false);
  const found: Ignore[] = [];
  let waiting: Omit<Ignore, 'scope'>[] = [];
  let lineHasToken = false;
  for (let kind = scanner.scan() as number; kind !== EOF; kind = scanner.scan() as number) {
    const start = scanner.getTokenOffset();
    const span = { start, end: start + scanner.getTokenLength() };
    if (kind === LINE_BREAK) lineHasToken = false;
    else if (kind === LINE_COMMENT || kind === BLOCK_COMMENT) {
      const match = IGNORE.exec(text.slice(span.start, span.end).trimEnd());
      if (match === null) continue;
      const one = { code: match[1] ?? '', reason: (match[2] ?? '').trim(), span };
      const { lineStart, lineEnd } = positionAt(text, start);
      if (lineHasToken) found.push({ ...one, scope: { start: lineStart, end: lineEnd } });
      else waiting.push(one);
    } else if (kind !== SPACE) {
      lineHasToken = true;
      const scope = scopeAt(root, span);
      found.push(...waiting.map((one) => ({ ...one, scope })));
      waiting = [];
    }
  }
  return [...found, ...waiting.map((one) => ({ ...one, scope: one.span }))];
}

/** The value that begins with this token; of a key the whole property. */
function scopeAt(root: Node | undefined, token: Span): Span {
  const node = root && findNodeAtOffset(root, token.start);
  if (node === undefined || node.offset !== token.start) return token;
  const isKey = node.parent?.type === 'property' && node.parent.children?.[0] === node;
  const whole = isKey ? (node.parent as Node) : node;
  return { start: whole.offset, end: whole.offset + whole.length };
}

const isCode = (text: string): text is Code => Object.hasOwn(CODES, text);

/** The findings that no comment silences, and what is wrong with the comments. */
export function withoutIgnored(findings: readonly Finding[], source: Source): readonly Finding[] {
  const silenced = new Set<Finding>();
  const wrong: Finding[] = [];
  for (const { code, reason, span, scope } of ignores(source.text)) {
    const say = (kind: 'LINT_IGNORE' | 'LINT_IGNORE_UNUSED', message: string, help?: string) =>
      wrong.push({ code: kind, severity: CODES[kind].severity, source, span, message, help });
    if (!isCode(code) || LINTS[code as keyof typeof LINTS] === undefined) {
      const help = didYouMean(code, Object.keys(LINTS)) ?? 'docs/lint.md lists the codes';
      say('LINT_IGNORE', `${quoted(code)} is no code of a finding`, help);
      continue;
    }
    if (reason === '') {
      say(
        'LINT_IGNORE',
        `this does not say why ${code} is ignored, so it is not`,
        `write // seccompc-ignore ${code} REASON`,
      );
      continue;
    }
    const inScope = findings.filter(
      (f) => f.code === code && f.span && f.span.start >= scope.start && f.span.start < scope.end,
    );
    // What keeps a profile from being built is not helped by silence.
    const meant = inScope.filter((f) => f.severity !== 'error');
    for (const finding of meant) silenced.add(finding);
    if (meant.length === 0 && inScope.length > 0) {
      say('LINT_IGNORE', `${code} is an error here: no profile with it can be built, so it cannot be ignored`);
    } else if (meant.length === 0) say('LINT_IGNORE_UNUSED', `there is no ${code} here to ignore`);
  }
  return [...findings.filter((f) => !silenced.has(f)), ...wrong];
}
