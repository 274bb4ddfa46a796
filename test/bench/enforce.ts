/**
 * `npm run bench -- enforce`: how much longer a program takes to start and end when it installs its own filter, against
 * the same program untouched, in turn in one run. The filter is that of profiles/container-default.jsonc, which a hello
 * world does not meet.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compile, elfArch, loadPolicy, planEmbed } from '../../src/build/index.ts';
import { applyEdit, readElf } from '../../src/elf/index.ts';
import { benchFile, buildC, output } from './native.ts';

const HELLO = '#include <unistd.h>\nint main(void) { return write(1, "hello\\n", 6) == 6 ? 0 : 1; }\n';
const ROUNDS = 3000;
const KINDS = [
  { name: 'static', flags: ['-static'] },
  { name: 'static PIE', flags: ['-static-pie'] },
  { name: 'dynamic PIE', flags: ['-pie', '-fPIE'] },
];

function enforced(file: string): string {
  const bytes = readFileSync(file);
  const elf = readElf(bytes);
  const source = { name: 'container-default.jsonc', text: readFileSync('profiles/container-default.jsonc', 'utf8') };
  const policy = loadPolicy(source, { arches: [elfArch(elf, file).name] });
  const options = { section: '.seccomp_rules', profileName: source.name, version: 'bench', enforce: true };
  const path = `${file}-enforced`;
  writeFileSync(path, applyEdit(bytes, planEmbed(elf, compile(policy), policy, options)), { mode: 0o755 });
  return path;
}

export default function bench(): string {
  const source = benchFile('hello.c');
  writeFileSync(source, HELLO);
  const spawner = buildC('spawn', ['test/bench/spawn.c']);
  if ('why' in spawner) return spawner.why;
  const rows = KINDS.map(({ name, flags }) => {
    const built = buildC(name.replaceAll(' ', '-'), [source], flags);
    if ('why' in built) return `| ${name} | ${built.why} | | |`;
    const times = output(spawner.path, [String(ROUNDS), built.path, enforced(built.path)])
      .trim()
      .split('\n')
      .map(Number);
    const [plain, own] = times as [number, number];
    return `| ${name} | ${plain.toFixed(0)} | ${own.toFixed(0)} | ${((own - plain) / 1000).toFixed(3)} |`;
  });
  return [
    `median of ${ROUNDS} starts each, in turn, microseconds from posix_spawn to the end`,
    '',
    '| hello world | untouched | with its own filter | more, in ms |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}
