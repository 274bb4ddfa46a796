/** Blocks of data: profiles and what else seccompc reads go to the reader that users' files go to. */
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import * as assert from 'uvu/assert';
import { parseDocument } from 'yaml';
import { readAssertionFile } from '../../src/assert/index.ts';
import { readConfig, readIgnoreFile } from '../../src/config/index.ts';
import { Diagnostics, type Source } from '../../src/diag/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { readTrace } from '../../src/trace/index.ts';
import type { Block } from './blocks.ts';

type Reader = (block: Block, value: Record<string, unknown>) => void | Promise<void>;

/** Key of the object -> who reads such an object. The first one that is there counts. */
const READERS: readonly (readonly [key: string, Reader])[] = [
  ['defaultAction', ({ file, text }) => void resolvePolicy(parseProfile(text, { file }), { arches: ['x86_64'] })],
  ['names', ({ file, text }) => void parseProfile(profileAround(text), { file })],
  ['assert', (block) => collected(block, readAssertionFile)],
  ['profiles', (block) => collected(block, readConfig)],
  ['ignore', (block) => collected(block, readIgnoreFile)],
];

/** A rule alone is read within a profile. */
const profileAround = (rule: string): string =>
  `{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [\n${rule.trimEnd().replace(/,$/, '')}\n] }`;

function collected({ file, text }: Block, read: (source: Source, diagnostics: Diagnostics) => unknown): void {
  const source: Source = { name: file, text };
  const diagnostics = new Diagnostics();
  read(source, diagnostics);
  assert.equal(
    diagnostics.sorted.map(({ message }) => message),
    [],
  );
}

async function json(block: Block): Promise<void> {
  const errors: ParseError[] = [];
  const isRule = /^\s*(\/\/.*\n\s*)*\{ "names"/.test(block.text);
  const text = isRule ? block.text.trimEnd().replace(/,$/, '') : block.text;
  const value = parse(text, errors, {
    disallowComments: block.language === 'json',
    allowTrailingComma: block.language === 'jsonc',
  });
  assert.equal(
    errors.map(({ error }) => printParseErrorCode(error)),
    [],
  );
  const reader = READERS.find(([key]) => Object.hasOwn(value, key));
  assert.ok(reader, 'nothing reads such an object');
  await reader?.[1](block, value);
}

/** Lines of a trace: all are understood. */
async function jsonl({ text }: Block): Promise<void> {
  const stream = readTrace(new TextEncoder().encode(text), { format: 'jsonl' });
  let events = 0;
  for await (const _ of stream) events += 1;
  assert.is(events, text.trimEnd().split('\n').length);
}

function yaml({ text }: Block): void {
  assert.equal(parseDocument(text, { strict: true }).errors.map(String), []);
}

/** Language -> what reads it. */
export const DATA: Readonly<Record<string, (block: Block) => void | Promise<void>>> = {
  json,
  jsonc: json,
  jsonl,
  yaml,
};

export const checkData = (block: Block): void | Promise<void> => DATA[block.language]?.(block);
