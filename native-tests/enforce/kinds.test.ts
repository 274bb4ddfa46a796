/**
 * Programs of every kind that install their own filter, watched by strace and judged by the kernel: the filter is there
 * before the first call of a static program and after the loader of a dynamic one, a run that breaks no rule is the same
 * as before, and a call that the profile denies fails or ends the program as the profile says.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { compile, elfArch, loadPolicy, originText, planEmbed, programEntry } from '../../src/build/index.ts';
import { applyEdit, originOf, readElf } from '../../src/elf/index.ts';
import { suite } from '../../test/suite.ts';
import { run } from '../elf/tools.ts';
import { buildKind } from '../elf/zoo/build.ts';
import { type Kind, withoutNeeds } from '../elf/zoo/kind.ts';
import { KINDS } from '../elf/zoo/rows.ts';
import { inFreshFolder, withoutLinux, withoutTool } from '../support.ts';

const PT_INTERP = 3;
const EM_X86_64 = 62;
/** A filter that the programs do not meet, one that takes their output away, and one that ends them at their end. */
const RULES = {
  harmless: '{ "names": ["reboot", "swapon"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 }',
  silent: '{ "names": ["write", "writev"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 }',
  deadly: '{ "names": ["exit_group", "exit"], "action": "SCMP_ACT_KILL_PROCESS" }',
} as const;

/** The file with the rules in it and a start that installs them. */
function enforced(file: string, bytes: Uint8Array, rules: keyof typeof RULES): Uint8Array {
  const elf = readElf(bytes);
  const text = `{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [${RULES[rules]}] }`;
  const policy = loadPolicy({ name: 'rules.json', text }, { arches: [elfArch(elf, file).name] });
  const options = { section: '.seccomp_rules', profileName: 'rules.json', version: 'test', enforce: true };
  return applyEdit(bytes, planEmbed(elf, compile(policy), policy, options));
}

/** The names of the calls that strace saw of the first process, in order; and its calls of seccomp. */
function calls(trace: string): { readonly names: readonly string[]; readonly installed: readonly string[] } {
  const lines = trace.split('\n');
  const first = /^(\d+)/.exec(lines[0]!)?.[1];
  const own = lines.filter((line) => line.startsWith(`${first} `)).map((line) => line.replace(/^\d+ +/, ''));
  const names = own.map((line) => /^(\w+)\(/.exec(line)?.[1] ?? '').filter((name) => name !== '');
  return { names, installed: own.filter((line) => /^seccomp\(/.test(line)) };
}

/** Programs that run here and start by themselves. */
function canEnforce(kind: Kind): boolean {
  return kind.use.kind === 'run' && kind.use.under.length === 0 && kind.refused?.load === undefined && !kind.options;
}

/** Of no C library, or of one that is not looked for. */
const OTHERS = /^(bare|many-sections|klibc|pascal)/;

/** What such a kind is made of, by its name and by whether it has a loader. */
function madeOf({ name }: Kind, isDynamic: boolean): RegExp {
  const linkage = isDynamic ? 'dynamic' : 'static';
  if (OTHERS.test(name)) return new RegExp(`^${linkage}, of no C library that is known here$`);
  if (/^go(-threads|-386|$)/.test(name)) return /^Go 1\.\d+, without a C library$/;
  const language = name.startsWith('go-cgo') ? ', Go 1\\.\\d+' : name.startsWith('rust') ? ', Rust' : '';
  return new RegExp(`^${linkage} ${name.startsWith('musl') ? 'musl' : 'glibc'}${language}$`);
}

let held = 0;

suite('enforce/kinds', (test) => {
  const absent = () => withoutLinux('x64') ?? withoutTool('strace');
  for (const kind of KINDS.filter(canEnforce)) {
    const why = () => absent() ?? withoutNeeds(kind.needs);
    test.needs(why, `${kind.name}: confined from its first instruction on`, () =>
      inFreshFolder((folder) => {
        if (kind.use.kind !== 'run') return;
        const file = buildKind(kind, folder);
        const command = [file, ...kind.use.args];
        const original = readFileSync(file);
        const elf = readElf(original);
        const isDynamic = elf.segments.some((p) => p.p_type === PT_INTERP);
        assert.match(originText(originOf(elf)), madeOf(kind, isDynamic));
        const before = run(command);
        const put = (rules: keyof typeof RULES) => {
          writeFileSync(file, enforced(file, original, rules));
          chmodSync(file, 0o755);
        };

        put('harmless');
        // Behind the stub the program's own start is found all the same.
        const stubbed = readElf(readFileSync(file));
        assert.equal(originOf(stubbed, programEntry(stubbed, elfArch(stubbed, file))), originOf(elf));
        const same = run(command);
        assert.equal([same.status, same.stdout, same.stderr], [before.status, before.stdout, before.stderr]);
        const log = join(folder, 'trace');
        assert.is(run(['strace', '-f', '-qq', '-o', log, ...command]).status, before.status);
        const { names, installed } = calls(readFileSync(log, 'utf8'));
        assert.is(installed.length, 1, installed.join('\n'));
        assert.match(installed[0]!, /SECCOMP_SET_MODE_FILTER.*= 0$/);
        const at = names.indexOf('seccomp');
        assert.is(names[at - 1], 'prctl');
        if (isDynamic) assert.match(installed[0]!, /SECCOMP_FILTER_FLAG_TSYNC/);
        else assert.equal(names.slice(0, at + 1), ['execve', 'prctl', 'seccomp']);
        assert.not.ok(names.slice(0, at).includes('write'), 'the program has run already');

        put('deadly');
        const killed = run(command);
        assert.is(killed.signal, 'SIGSYS', `${killed.status} ${killed.stderr}`);

        if (before.stdout !== '') {
          put('silent');
          const silent = run(command);
          assert.is(silent.stdout, '');
          assert.is.not(silent.signal, 'SIGSYS');
        }
        if (elf.machine === EM_X86_64) held += 1;
      }),
    );
  }

  test.needs(absent, 'enough kinds were there', () => {
    const possible = KINDS.filter((kind) => canEnforce(kind) && withoutNeeds(kind.needs) === undefined).length;
    if (possible >= 30) assert.ok(held >= 24, `${held} x86_64 kinds`);
  });
});
