/** Completion in real shells: what each offers where the cursor is. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { wholeCommandLine } from '../../src/cli/commands.ts';
import { bashCompletion } from '../../src/cli/completion-bash.ts';
import { fishCompletion } from '../../src/cli/completion-fish.ts';
import { zshCompletion } from '../../src/cli/completion-zsh.ts';
import { wordsOf } from '../../src/cli/words.ts';
import { suite } from '../suite.ts';
import { absent } from './command.ts';

const commands = wordsOf(await wholeCommandLine());
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'seccompc-completion-')));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const name of ['profile.json', 'with blank.json']) writeFileSync(join(folder, name), '');
mkdirSync(join(folder, 'sub'));
const scripts = { bash: bashCompletion(commands), zsh: zshCompletion(commands), fish: fishCompletion(commands) };
for (const [shell, text] of Object.entries(scripts)) writeFileSync(join(folder, `completion.${shell}`), text);

/** A line whose end is the cursor; what must be among the offers, what must not. `files`: only by its name. */
interface Row {
  readonly line: string;
  readonly has: readonly string[];
  readonly lacks?: readonly string[];
}

const rows: readonly Row[] = [
  { line: 'seccompc ', has: ['build', 'explain', 'completion', 'elf'], lacks: ['profile.json', '--json'] },
  { line: 'seccompc bu', has: ['build'], lacks: ['explain'] },
  { line: 'seccompc build pro', has: ['profile.json'], lacks: ['build'] },
  { line: 'seccompc build --', has: ['--into', '--arch', '--quiet', '--json'], lacks: ['--pid', 'profile.json'] },
  { line: 'seccompc build --optimize ', has: ['size', 'speed', 'balanced'], lacks: ['raw', 'profile.json'] },
  { line: 'seccompc build --format ', has: ['raw', 'asm', 'json'], lacks: ['sarif'] },
  { line: 'seccompc lint --format ', has: ['text', 'sarif'], lacks: ['raw'] },
  { line: 'seccompc lint --explain FALL', has: ['FALLBACK_ERRNO'], lacks: ['NAME_REPEATED'] },
  { line: 'seccompc export --format go', has: ['go', 'go-loader'], lacks: ['c-array'] },
  { line: 'seccompc build profile.json --into pro', has: ['profile.json'] },
  { line: 'seccompc build --arch aa', has: ['aarch64'], lacks: ['x86_64', 'arm'] },
  { line: 'seccompc build --cap NET_', has: ['NET_ADMIN', 'NET_RAW'], lacks: ['SYS_ADMIN'] },
  { line: 'seccompc explain pro', has: ['profile.json'], lacks: ['process_vm_readv'] },
  { line: 'seccompc explain profile.json opena', has: ['openat', 'openat2'], lacks: ['open', 'profile.json'] },
  { line: 'seccompc explain profile.json --arch x86_64 opena', has: ['openat', 'openat2'], lacks: ['read'] },
  { line: 'seccompc elf ', has: ['add', 'replace', 'remove', 'extract'], lacks: ['build', 'profile.json'] },
  { line: 'seccompc elf remove --', has: ['--section', '--output'], lacks: ['--arch'] },
  { line: 'seccompc completion ', has: ['bash', 'zsh', 'fish'], lacks: ['profile.json'] },
  { line: 'seccompc replay profile.json pro', has: ['profile.json'] },
  { line: 'seccompc dump --pid ', has: [String(process.pid)] },
];

/** What stands between the marks, line by line of what was asked. */
function parted(text: string, lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const parts = text.split('=end=\n');
  assert.is(parts.length, lines.length + 1);
  return new Map(lines.map((line, i) => [line, (parts[i] ?? '').split('\n')]));
}

/** The words up to the cursor, as bash has them: '=' is a word of its own. One bash for all. */
function offersOfBash(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const asked = lines.map((line) => {
    const words = line
      .split(' ')
      .flatMap((word) => word.split(/(=)/).filter((w, i, all) => w !== '' || i === all.length - 1));
    return `ask ${words.map((word) => `'${word}'`).join(' ')}`;
  });
  const ask = `ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _seccompc; printf '%s\\n' "\${COMPREPLY[@]}"; echo =end=; }`;
  const script = ['source completion.bash', ask, ...asked].join('\n');
  const done = spawnSync('bash', ['--norc', '-c', script], { cwd: folder, encoding: 'utf8' });
  assert.is(done.stderr, '');
  return parted(done.stdout, lines);
}

function offersOfFish(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const script = 'source completion.fish; for line in $argv; complete -C $line; echo =end=; end';
  const done = spawnSync('fish', ['--no-config', '-c', script, ...lines], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, HOME: folder },
  });
  assert.is(done.stderr, '');
  return parted(done.stdout.replace(/\t.*/g, ''), lines);
}

/** A zsh on a terminal of its own gets the lines with a tab behind them; what its compadd is given goes to a file. */
const ZSH_INNER = `
PS1= ; unsetopt beep; setopt no_list_ambiguous
autoload -Uz compinit; compinit -u -D
source completion.zsh
compadd() {
  if [[ -n "\${(M)@:#-[OAD]*}" ]]; then builtin compadd "$@"; return; fi
  local -a offered
  builtin compadd -O offered "$@"
  print -rl -- $offered >> offers.txt
  builtin compadd "$@"
}
at_end() { print -r -- '=end=' >> offers.txt }
offer() { compprefuncs=(); comppostfuncs=(at_end); zle expand-or-complete; zle kill-whole-line }
zle -N offer
bindkey '^X' offer
print ready >> offers.txt
`;
const ZSH_OUTER = `
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'source inner.zsh'
reach() { until [[ "$(grep -c "$1" offers.txt 2>/dev/null)" -ge $2 ]]; do zpty -r -t inner >/dev/null 2>&1; sleep 0.05; done }
reach ready 1
integer n=0
while IFS= read -r line; do
  n+=1
  zpty -w -n inner "$line"$'\\x18'
  reach '=end=' n
done < lines.txt
zpty -d inner
`;

function offersOfZsh(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  writeFileSync(join(folder, 'inner.zsh'), ZSH_INNER);
  writeFileSync(join(folder, 'lines.txt'), lines.map((line) => `${line}\n`).join(''));
  const done = spawnSync('zsh', ['-f', '-c', `rm -f offers.txt; ${ZSH_OUTER}; cat offers.txt`], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, HOME: folder, TERM: 'dumb' },
  });
  assert.is(done.status, 0, `${done.stdout}${done.stderr}`);
  return parted(done.stdout.replace(/^ready\n/, ''), lines);
}

function judge(offers: readonly string[], { has, lacks = [] }: Row): void {
  for (const word of has) assert.ok(offers.includes(word), `${word} is not among: ${offers.join(' ')}`);
  for (const word of lacks) assert.not.ok(offers.includes(word), `${word} is among: ${offers.join(' ')}`);
}

suite('cli/completion', (test) => {
  const more: readonly Row[] = [
    { line: 'seccompc build --format=a', has: ['asm'], lacks: ['raw'] },
    { line: 'seccompc build --arch x86_64,i', has: ['x86_64,i386'], lacks: ['i386'] },
    { line: 'seccompc build with', has: ['with blank.json'] },
    { line: 'seccompc run profile.json -- l', has: ['ls'] },
    { line: 'seccompc run profile.json -- ls pro', has: ['profile.json'] },
    { line: 'seccompc help e', has: ['explain', 'export', 'elf'], lacks: ['build'] },
  ];
  const ofBash = [...rows, ...more];
  const noBash = absent('bash');
  const bash = noBash === undefined ? offersOfBash(ofBash.map(({ line }) => line)) : undefined;
  for (const row of ofBash) test.needs(noBash, `bash: ${row.line}`, () => judge(bash?.get(row.line) ?? [], row));

  const ofFish = [...rows, { line: 'seccompc build --arch x86_64,i', has: ['x86_64,i386'] }];
  const noFish = absent('fish');
  const fish = noFish === undefined ? offersOfFish(ofFish.map(({ line }) => line)) : undefined;
  for (const row of ofFish) test.needs(noFish, `fish: ${row.line}`, () => judge(fish?.get(row.line) ?? [], row));

  // One zsh for all of them; it filters by what stands there later than compadd says it.
  const noZsh = absent('zsh');
  const zsh = noZsh === undefined ? offersOfZsh(rows.map(({ line }) => line)) : undefined;
  for (const row of rows) {
    const begins = /\S*$/.exec(row.line)?.[0] ?? '';
    test.needs(noZsh, `zsh: ${row.line}`, () =>
      judge(
        (zsh?.get(row.line) ?? []).filter((word) => word.startsWith(begins)),
        row,
      ),
    );
  }
});
