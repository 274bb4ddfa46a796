/**
 * One kind through all verbs, each result held against the file before and against judges.ts: it still works, others
 * raise no complaint that they did not raise before, they find exactly the bytes, the kernel maps a loaded section where
 * its header says, and removing gives the file before, byte for byte. A kind that has a program header to spare goes
 * through loading a second time, with that header spoiled, so that the table has to move.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { addSection, removeSection } from '../../../src/elf/index.ts';
import { type TestFunction, throwsCode } from '../../../test/suite.ts';
import { inFreshFolder, withoutLinux } from '../../support.ts';
import { absent, run } from '../tools.ts';
import { buildKind } from './build.ts';
import * as judges from './judges.ts';
import { type Kind, withoutNeeds } from './kind.ts';
import { withoutSpareHeaders } from './patch.ts';
import { listedSection, type Mode, originalBytesStay, same } from './shape.ts';

const NAME = '.zoo_rules';
const SECOND = '.zoo_second';
/** As long as a real filter, with every byte value in it. */
const RULES = Uint8Array.from({ length: 8 * 300 }, (_, i) => (i * 37) & 0xff);
const OTHER = Uint8Array.from({ length: 8 * 7 }, (_, i) => 255 - i);

/** The untouched file and what is known of it. */
interface Before {
  readonly kind: Kind;
  readonly file: string;
  readonly bytes: Buffer;
  readonly listing: judges.Listing;
  readonly lint: ReadonlySet<string>;
  readonly worked: unknown;
  /** A folder for what tools write. */
  readonly scratch: string;
  /** programs/mapped.c, compiled. */
  readonly mapped: string;
}

function write(file: string, bytes: Uint8Array): void {
  writeFileSync(file, bytes);
  chmodSync(file, 0o755);
}

/** Status and output of the use of a file. */
function works({ use }: Kind, file: string, scratch: string): unknown {
  if (use.kind === 'none') return use.why;
  const command = use.kind === 'run' ? [...use.under, file, ...use.args] : use.command(file, join(scratch, 'used'));
  const { status, signal, stdout, stderr } = run(command, { cwd: scratch });
  assert.is(signal, null, `${command.join(' ')}: ended by ${signal} ${stderr}`);
  return { status, stdout, stderr };
}

/** Looks at a file that is written at its place already. */
function lookAt(kind: Kind, file: string, bytes: Buffer, mapped: string, scratch: string): Before {
  const [listing, lint, worked] = [judges.readelf(file), judges.elflint(file), works(kind, file, scratch)];
  const before = { kind, file, bytes, listing, lint, worked, scratch, mapped };
  if (kind.use.kind === 'none') return before;
  const status = kind.use.kind === 'run' ? kind.use.status : 0;
  assert.is((worked as { status: number }).status, status, `before: ${JSON.stringify(worked)}`);
  return before;
}

/** With `replace` where something is in the file already. */
function added({ kind, bytes }: Before, base: Uint8Array, name: string, mode: Mode, data: Uint8Array): Uint8Array {
  return addSection(base, { name, data, load: mode === 'load' }, { ...kind.options, replace: base !== bytes });
}

/** What the kernel and the program itself say of the place where the section should be, before and while it runs. */
function isMapped({ kind, file, mapped }: Before, listing: judges.Listing, section: judges.Listed): void {
  const { use } = kind;
  if (use.kind !== 'run') return;
  const place = { entry: listing.entry, address: section.address, size: section.size };
  const end = listing.phoff + listing.phnum * listing.phentsize;
  const phdrs = readFileSync(file).subarray(listing.phoff, end);
  if (use.under.length === 0) {
    const seen = judges.kernelMaps(mapped, listing.class, place, [file, ...use.args]);
    same(seen.section, RULES, 'the kernel maps other bytes at the address of the section');
    same(seen.phdrs, phdrs, 'AT_PHDR leads to other program headers');
    assert.is(seen.permissions, 'r--p');
  }
  if (kind.reports) {
    assert.equal(judges.reported([...use.under, file], place), [
      `phdrs ${phdrs.length} ${judges.fnv1a(phdrs)}`,
      `section ${RULES.length} ${judges.fnv1a(RULES)}`,
    ]);
  }
}

/** One section in, replaced, out. Returns whether the program headers have moved. */
function checkOne(before: Before, mode: Mode): boolean {
  const { kind, file, bytes, scratch } = before;
  const one = added(before, bytes, NAME, mode, RULES);
  write(file, one);
  assert.equal(works(kind, file, scratch), before.worked, `${mode}: works no more as before`);
  const listing = judges.readelf(file);
  const moved = listing.phoff !== before.listing.phoff;
  originalBytesStay(bytes, Buffer.from(one), before.listing, { mode, moved, trailer: kind.trailer ?? 0 });
  const section = listedSection(before.listing, listing, NAME, RULES.length, mode);
  const complaints = [...listing.complaints].filter((line) => !before.listing.complaints.has(line));
  complaints.push(...[...judges.elflint(file)].filter((line) => !before.lint.has(line)));
  assert.equal(complaints, [], `${mode}: readelf or eu-elflint complain`);
  same(judges.dumped(file, NAME, kind.binutils, scratch), RULES, `${mode}: others find other bytes`);
  if (mode === 'load') isMapped(before, listing, section);

  same(added(before, one, NAME, mode, RULES), one, `${mode}: the same again is not the same file`);
  for (const then of mode === 'load' ? (['load', 'append'] as const) : (['append'] as const)) {
    const replaced = added(before, one, NAME, then, OTHER);
    same(replaced, added(before, bytes, NAME, then, OTHER), `${mode}, then ${then}: replacing is not adding once`);
    same(removeSection(replaced, NAME), bytes, `${mode}, then ${then}: removing gives another file`);
  }
  return moved;
}

/** Two sections, taken out in both orders; with both in it the file still works. */
function checkTwo(before: Before, first: Mode, second: Mode): void {
  const { kind, file, bytes, scratch } = before;
  const how = `${first} and ${second}`;
  const one = added(before, bytes, NAME, first, RULES);
  const two = added(before, one, SECOND, second, OTHER);
  write(file, two);
  assert.equal(works(kind, file, scratch), before.worked, `${how}: works no more as before`);
  same(removeSection(two, SECOND), one, `${how}: the second taken out`);
  same(removeSection(removeSection(two, NAME), SECOND), bytes, `${how}: the first taken out first`);
  same(removeSection(one, NAME), bytes, `${how}: both taken out`);
}

function checkKind(kind: Kind, folder: string, mapped: string): void {
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  const file = buildKind(kind, folder);
  const bytes = readFileSync(file);
  const digest = () => createHash('sha256').update(bytes).digest('hex');
  const untouched = digest();
  const before = lookAt(kind, file, bytes, mapped, scratch);

  if (kind.refusedWithoutOptions !== undefined) {
    throwsCode(() => addSection(bytes, { name: NAME, data: RULES }), kind.refusedWithoutOptions);
  }
  const allowed = (mode: Mode) => {
    const code = kind.refused?.[mode];
    if (code !== undefined) throwsCode(() => added(before, bytes, NAME, mode, RULES), code);
    return code === undefined;
  };
  if (allowed('append')) {
    checkOne(before, 'append');
    checkTwo(before, 'append', 'append');
  }
  if (allowed('load')) {
    const moved = checkOne(before, 'load');
    checkTwo(before, 'append', 'load');
    checkTwo(before, 'load', 'load');
    if (!moved) checkMoved(before);
  }
  assert.is(digest(), untouched, 'the bytes that were given have changed');
}

/** The same program without a program header to spare. */
function checkMoved({ kind, file, bytes, mapped, scratch }: Before): void {
  const spoiled = withoutSpareHeaders(bytes);
  write(file, spoiled);
  const before = lookAt(kind, file, spoiled, mapped, scratch);
  const code = kind.refusedMoved;
  if (code !== undefined) throwsCode(() => added(before, spoiled, NAME, 'load', RULES), code);
  else assert.is(checkOne(before, 'load'), true, 'the program headers have not moved');
}

/** A test for each kind; what a kind needs and is not there makes a named skip. */
export function checkKinds(test: TestFunction, kinds: readonly Kind[]): void {
  const judgesAbsent = withoutLinux('x64') ?? absent('gcc', 'readelf', 'objcopy', 'eu-elflint');
  let compiled: Buffer | undefined;
  for (const kind of kinds) {
    test.needs(judgesAbsent ?? withoutNeeds(kind.needs), kind.name, () =>
      inFreshFolder((folder) => {
        const mapped = join(folder, 'mapped');
        if (compiled === undefined) judges.compileMapped(mapped);
        compiled ??= readFileSync(mapped);
        write(mapped, compiled);
        checkKind(kind, folder, mapped);
      }),
    );
  }
}
