/** `seccompc elf` and what `build --into` leaves in a file, as a person meets them. */
import { chmodSync, linkSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { makeElf, sameBytes } from '../elf/image.ts';
import { suite } from '../suite.ts';
import { elf, file, folder, json, PROFILE, type Ran, refused, seccompc, writingNothing } from './command.ts';

const DATA = Uint8Array.from({ length: 40 }, (_, i) => 40 - i);
const OTHER = Uint8Array.from({ length: 9 }, (_, i) => i);
const data = file('data', DATA);
const other = file('other', OTHER);
const profile = file('elf-profile.jsonc', PROFILE);

function ok(r: Ran): Ran {
  assert.is(r.status, 0, r.stderr);
  return r;
}

const extracted = (path: string, section?: string) =>
  ok(seccompc(['elf', 'extract', path, ...(section ? ['--section', section] : [])])).bytes;

const spare = (name: string) => file(name, makeElf({ cls: 64, endian: 'little', segments: 2 }).bytes);
const trailed = (name: string) =>
  file(name, makeElf({ cls: 64, endian: 'little', trailing: Uint8Array.from([1, 2, 3]) }).bytes);

suite('cli/elf', (test) => {
  test('add, extract, replace, remove: in place, and back to the first byte', () => {
    const path = elf('verbs.elf');
    chmodSync(path, 0o750);
    const before = readFileSync(path);
    const added = ok(seccompc(['elf', 'add', path, data]));
    assert.match(added.stdout, /'\.seccomp_rules' added \(40 bytes, not loaded\)/);
    assert.is(statSync(path).mode & 0o7777, 0o750);
    sameBytes(extracted(path), DATA);
    refused(
      writingNothing(() => seccompc(['elf', 'add', path, data])),
      'ELF_SECTION_EXISTS',
      1,
    );
    ok(seccompc(['elf', 'replace', path, other]));
    sameBytes(extracted(path), OTHER);
    ok(seccompc(['elf', 'add', path, data, '--section', '.more']));
    sameBytes(extracted(path, '.more'), DATA);
    ok(seccompc(['elf', 'remove', path, '--section', '.more']));
    sameBytes(extracted(path), OTHER);
    const gone = ok(seccompc(['elf', 'remove', path]));
    assert.match(gone.stdout, /as it was before the injection \(without '\.seccomp_rules'\)/);
    sameBytes(readFileSync(path), before);
    refused(seccompc(['elf', 'remove', path]), 'ELF_UNDO_MISSING', 1);
    refused(seccompc(['elf', 'remove', path, '--section', '.nothing']), 'ELF_SECTION_MISSING', 1);
    refused(seccompc(['elf', 'replace', path, data]), 'ELF_SECTION_MISSING', 1);
    refused(seccompc(['elf', 'extract', path]), 'ELF_SECTION_MISSING', 1);
  });

  test('-o leaves the file as it is; the streams work', () => {
    const path = elf('streams.elf');
    const before = readFileSync(path);
    const r = ok(seccompc(['elf', 'add', '-', data, '-o', '-'], { input: before }));
    ok(seccompc(['elf', 'add', path, data, '-o', 'added.elf']));
    sameBytes(readFileSync(path), before);
    sameBytes(r.bytes, readFileSync(`${folder}/added.elf`));
    ok(seccompc(['elf', 'add', path, '-', '-o', 'added2.elf'], { input: DATA }));
    sameBytes(readFileSync(`${folder}/added2.elf`), r.bytes);
    ok(seccompc(['elf', 'extract', 'added.elf', '-o', 'taken']));
    sameBytes(readFileSync(`${folder}/taken`), DATA);
    refused(seccompc(['elf', 'add', '-', data], { input: before }), 'USAGE', 2);
    refused(seccompc(['elf', 'add', '-', '-', '-o', 'x'], { input: before }), 'USAGE', 2);
    assert.is(json(seccompc(['elf', 'add', path, data, '-o', '-', '--json'])).diagnostics[0]!.code, 'USAGE');
  });

  test('--load: replaced data stays loaded, and can be loaded later', () => {
    const path = spare('loaded.elf');
    const before = readFileSync(path);
    assert.match(ok(seccompc(['elf', 'add', path, data, '--load'])).stdout, /loaded at run time/);
    assert.match(ok(seccompc(['elf', 'replace', path, other])).stdout, /loaded at run time/);
    ok(seccompc(['elf', 'remove', path]));
    ok(seccompc(['elf', 'add', path, data]));
    assert.match(ok(seccompc(['elf', 'replace', path, other, '--load'])).stdout, /loaded at run time/);
    ok(seccompc(['elf', 'remove', path]));
    sameBytes(readFileSync(path), before);
    const object = file('object.o', makeElf({ cls: 64, endian: 'little', segments: 0 }).bytes);
    refused(seccompc(['elf', 'add', object, data, '--load']), 'ELF_NOT_PROGRAM', 1);
    const big = file('bss.elf', makeElf({ cls: 64, endian: 'little' }).with({ 'phdr[0].p_memsz': 0x20_0000 }));
    refused(seccompc(['elf', 'add', big, data, '--load', '--max-padding', '1M']), 'ELF_PADDING', 1);
    ok(seccompc(['elf', 'add', big, data, '--load', '--max-padding', '4096K', '-o', 'padded.elf']));
    refused(seccompc(['elf', 'add', big, data, '--max-padding', 'much']), 'USAGE', 2);
  });

  test('--trailing: refused, or kept where it is found', () => {
    const path = trailed('trailed.elf');
    const before = readFileSync(path);
    refused(
      writingNothing(() => seccompc(['elf', 'add', path, data])),
      'ELF_TRAILING',
      1,
    );
    for (const how of ['keep-end', 'keep-offset']) {
      ok(seccompc(['elf', 'add', path, data, '--trailing', how, '-o', `${how}.elf`]));
      ok(seccompc(['elf', 'remove', `${how}.elf`]));
      sameBytes(readFileSync(`${folder}/${how}.elf`), before);
      ok(seccompc(['build', profile, '--into', path, '--trailing', how, '-o', `${how}2.elf`]));
    }
    sameBytes(readFileSync(`${folder}/keep-end2.elf`).subarray(-3), Uint8Array.from([1, 2, 3]));
  });

  test('--json says what was done', () => {
    const path = elf('json.elf');
    const added = json(seccompc(['elf', 'add', path, data, '--json']));
    assert.equal([added.ok, added.section, added.bytes, added.loaded], [true, '.seccomp_rules', 40, false]);
    assert.is(added.size, statSync(path).size);
    const removed = json(seccompc(['elf', 'remove', path, '--json']));
    assert.equal(removed.removed, ['.seccomp_rules']);
    const failed = json(seccompc(['elf', 'remove', path, '--json']));
    assert.equal([failed.ok, failed.diagnostics[0]!.code], [false, 'ELF_UNDO_MISSING']);
  });

  test('hard links are warned of, symbolic links are followed', () => {
    const path = elf('linked.elf');
    linkSync(path, `${folder}/second-name.elf`);
    symlinkSync('linked.elf', `${folder}/by-link.elf`);
    const r = ok(seccompc(['elf', 'add', 'by-link.elf', data]));
    assert.match(r.stderr, /hard link/);
    sameBytes(extracted(path), DATA);
    refused(seccompc(['elf', 'extract', 'second-name.elf']), 'ELF_SECTION_MISSING', 1);
  });

  test('--preserve-timestamps keeps the time of modification', () => {
    const path = elf('times.elf');
    const { mtimeMs } = statSync(path);
    ok(seccompc(['elf', 'add', path, data, '--preserve-timestamps']));
    assert.ok(Math.abs(statSync(path).mtimeMs - mtimeMs) < 0.01);
    ok(seccompc(['elf', 'replace', path, other]));
    assert.ok(statSync(path).mtimeMs > mtimeMs);
  });

  test('build puts a note beside the filter, the profile if wanted, and takes its own back', () => {
    const path = spare('noted.elf');
    const before = readFileSync(path);
    ok(seccompc(['build', profile, '--into', path, '--load', '--embed-profile']));
    const text = new TextDecoder().decode(extracted(path, '.seccomp_profile'));
    assert.match(text, /"personality"/);
    const note = Buffer.from(extracted(path, '.note.seccompc'));
    assert.ok(note.includes('elf-profile.jsonc\0'));
    assert.not.ok(note.includes(folder), 'a path would make the file depend on where it was built');
    // Without --embed-profile the old profile would no longer be true: it goes.
    ok(seccompc(['build', profile, '--into', path]));
    refused(seccompc(['elf', 'extract', path, '--section', '.seccomp_profile']), 'ELF_SECTION_MISSING', 1);
    // A second filter has a note of its own in the same section.
    ok(seccompc(['build', profile, '--into', path, '--section', '.second']));
    assert.is(extracted(path, '.note.seccompc').length > note.length, true);
    ok(seccompc(['elf', 'remove', path]));
    sameBytes(readFileSync(path), before);
  });

  test('a result does not take the place of what it was made from', () => {
    const path = elf('kept.elf');
    const own = file('own-data', DATA);
    const weights = file('weights.json', '{ "read": 3 }');
    for (const args of [
      ['elf', 'add', path, own, '-o', own],
      ['build', profile, '--arch', 'x86_64', '--weights', weights, '-o', weights],
      ['build', profile, '--into', path, '-o', profile],
    ]) {
      refused(
        writingNothing(() => seccompc(args)),
        'USAGE',
        2,
      );
    }
    ok(seccompc(['elf', 'add', path, own]));
    refused(
      writingNothing(() => seccompc(['elf', 'extract', path, '-o', path])),
      'USAGE',
      2,
    );
  });

  test('of two filters one is removed with its note and profile; neither replaces the other', () => {
    const path = spare('two.elf');
    ok(seccompc(['build', profile, '--into', path, '--embed-profile']));
    const one = readFileSync(path);
    ok(seccompc(['build', profile, '--into', path, '--section', '.two', '--load', '--embed-profile']));
    assert.is(seccompc(['inspect', path]).status, 0);
    ok(seccompc(['elf', 'remove', path, '--section', '.two']));
    sameBytes(readFileSync(path), one);
    refused(seccompc(['build', profile, '--into', path, '--section', '.seccomp_profile']), 'ELF_SECTION_EXISTS', 1);
    ok(seccompc(['build', profile, '--into', path, '--section', '.x.profile']));
    refused(
      seccompc(['build', profile, '--into', path, '--section', '.x', '--embed-profile']),
      'ELF_SECTION_EXISTS',
      1,
    );
    assert.match(seccompc(['elf', 'replace', path, data]).stderr, /still describes the old data/);
    assert.is((json(seccompc(['elf', 'replace', path, other, '--json'])).warnings as string[]).length, 1);
  });

  test('what the options cannot mean is refused', () => {
    refused(seccompc(['elf', 'add', elf('o.elf'), data, '--align', 'abc']), 'USAGE', 2);
    for (const option of ['--load', '--embed-profile', '--load-profile', '--preserve-timestamps']) {
      refused(seccompc(['build', profile, '--arch', 'x86_64', option]), 'USAGE', 2);
    }
    refused(seccompc(['build', profile, '--arch', 'x86_64', '--trailing', 'keep-end']), 'USAGE', 2);
    refused(seccompc(['elf', 'add', elf('o.elf'), data, '--align', '3']), 'ELF_SECTION_FIELD', 1);
    refused(seccompc(['elf', 'add', elf('o.elf'), data, '--section', '.seccompc_undo']), 'ELF_SECTION_NAME', 1);
    refused(seccompc(['elf', 'add', 'nowhere.elf', data]), 'INPUT_UNREADABLE', 2);
    refused(seccompc(['elf', 'add', profile, data]), 'ELF_MAGIC', 1);
    refused(seccompc(['elf', 'squash', data]), 'USAGE', 2);
  });
});
