/**
 * What the docstring of a public function has to say: what it does, each parameter, what comes back, which errors it throws
 * or that it throws none, and where it mirrors the kernel or the ELF specification, the place there.
 */
import { commentOf } from './declarations.mjs';

/** Declarations whose functions say of something outside what it does: its source is named. */
const MIRRORS = /^(kernel|bpf\/(codec|insn)|elf\/(read|memory|dynamic|kind))\b/;
const MIRRORING_NAMES = new Set(['archOfElf', 'describeWord', 'wordName']);
const SOURCE = /@see (Linux v\d+\.\d+ [\w./-]+ [\w*]+|gABI \d)/;

/** Cuts at commas that stand in no bracket. */
function parted(text) {
  const parts = [''];
  let depth = 0;
  for (const [i, c] of [...text].entries()) {
    if ('([{<'.includes(c)) depth += 1;
    // The arrow of a function's type is no bracket.
    if (')]}'.includes(c) || (c === '>' && text[i - 1] !== '=')) depth -= 1;
    if (c === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts.map((part) => part.trim()).filter(Boolean);
}

/** Names of the parameters and the type of the result of `name(a: A, b?: B): R;`. A destructured one is called options. */
function signatureOf(code) {
  const from = code.indexOf('(');
  let depth = 0;
  let to = from;
  do {
    if (code[to] === '(') depth += 1;
    if (code[to] === ')') depth -= 1;
    to += 1;
  } while (depth > 0 && to < code.length);
  const names = parted(code.slice(from + 1, to - 1)).map((p) =>
    p.startsWith('{') ? 'options' : /^(?:\.\.\.)?(\w+)/.exec(p)[1],
  );
  return { names, result: code.slice(to).replace(/^:\s*/, '').replace(/;\s*$/, '').trim() };
}

function tagsOf(comment) {
  const [about, ...tags] = comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^\s*\*/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
    .split(/ (?=@\w+)|^(?=@)/);
  return { about: about.startsWith('@') ? '' : about, tags: about.startsWith('@') ? [about, ...tags] : tags };
}

const words = (text) => text.split(/\s+/).filter(Boolean).length;

/** What a function's docstring lacks. `what` is its name; `codes` are those that errors have. */
function faults(what, comments, code, mirrors, codes) {
  const comment = comments.join('\n');
  if (!comment.startsWith('/**')) return [`${what}: no docstring`];
  const { about, tags } = tagsOf(comment);
  const { names, result } = signatureOf(code);
  const found = [];
  const all = [about, ...tags].join(' ');
  if (words(about) < 3) found.push('does not say what it does');
  for (const name of names) {
    const tag = tags.find((t) => t.startsWith(`@param ${name} `));
    if (tag === undefined || words(tag) < 4) found.push(`@param ${name}`);
  }
  const isSilent = /^(void|this|Promise<void>|)$/.test(result);
  if (!isSilent && !tags.some((t) => t.startsWith('@returns ') && words(t) >= 3)) found.push('@returns');
  const thrown = tags.filter((t) => t.startsWith('@throws ')).join(' ');
  if (thrown === '' && !/never throws/i.test(all)) found.push('@throws, or "never throws"');
  for (const [code] of thrown.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\*?(?:_\*)?|\b[A-Z]+_\*/g)) {
    const begin = code.replace(/\*$/, '');
    const isCode = code.endsWith('*') ? codes.some((c) => c.startsWith(begin)) : codes.includes(code);
    if (!isCode) found.push(`no error has the code ${code}`);
  }
  if (/SeccompcError/.test(thrown) && !/\b(USAGE|[A-Z]+_[A-Z*]+)|every/.test(thrown))
    found.push('codes of the SeccompcError');
  if (mirrors && !SOURCE.test(comment.replace(/\s*\n\s*\*\s*/g, ' '))) found.push('@see, its source');
  return found.map((fault) => `${what}: ${fault}`);
}

/** Of a function, or of each method of a class that users may call. `file` is the declarations' own, below dist/. */
export function docstringFaults(name, statements, file, codes) {
  const mirrors = MIRRORS.test(file) || MIRRORING_NAMES.has(name);
  return statements.flatMap(({ source }, i) => {
    const code = source.slice(commentOf(source).length).trim();
    if (/^export declare function /.test(code)) {
      // Overloads share what stands above the first.
      const comment = commentOf(source) || commentOf(statements[0].source);
      return i > 0 && commentOf(source) === '' ? [] : faults(name, [comment], code, mirrors, codes);
    }
    return /^export declare class /.test(code) ? methodFaults(name, code, codes) : [];
  });
}

function methodFaults(name, code, codes) {
  const found = [];
  let comment = '';
  let previous = '';
  for (const [, text, declared] of code.matchAll(
    /^[ \t]+(\/\*\*[\s\S]*?\*\/)\n|^[ \t]+([\w#][^\n]*(?:\n[ \t]{2,}[^\n]*)*?;)$/gm,
  )) {
    if (text !== undefined) {
      comment = text;
      continue;
    }
    const method = /^(?:static )?(\w+)(?:<[^(]*>)?\(/.exec(declared)?.[1];
    const isOverload = method === previous && comment === '';
    if (method !== undefined && !isOverload && !/@internal/.test(comment))
      found.push(...faults(`${name}.${method}`, [comment], declared, false, codes));
    previous = method ?? '';
    comment = '';
  }
  return found;
}
