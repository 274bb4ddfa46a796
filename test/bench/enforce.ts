/**
 * `npm run bench -- enforce`: how much longer a program takes to start and end when it installs its own filter, or when a
 * launcher does it, against the same program untouched, in turn in one run. The launcher's peer is a program that only
 * executes its arguments: a second execve(2), which no launcher can do without. The filter is that of
 * profiles/container-default.jsonc, which a hello world does not meet.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compile, elfArch, loadPolicy, planEmbed } from '../../src/build/index.ts';
import { applyEdit, readElf } from '../../src/elf/index.ts';
import { launcher } from '../../src/launcher/index.ts';
import { benchFile, buildC, output } from './native.ts';

const HELLO = '#include <unistd.h>\nint main(void) { return write(1, "hello\\n", 6) == 6 ? 0 : 1; }\n';
const ROUNDS = 3000;
const KINDS = [
  { name: 'static', flags: ['-static'] },
  { name: 'static PIE', flags: ['-static-pie'] },
  { name: 'dynamic PIE', flags: ['-pie', '-fPIE'] },
];

interface Confined {
  /** The program with its own filter. */
  readonly own: string;
  readonly launcher: string;
}

function confined(file: string): Confined {
  const bytes = readFileSync(file);
  const elf = readElf(bytes);
  const source = { name: 'container-default.jsonc', text: readFileSync('profiles/container-default.jsonc', 'utf8') };
  const policy = loadPolicy(source, { arches: [elfArch(elf, file).name] });
  const program = compile(policy);
  const options = { section: '.seccomp_rules', profileName: source.name, version: 'bench', enforce: true };
  const [own, starter] = [`${file}-enforced`, `${file}-launcher`];
  writeFileSync(own, applyEdit(bytes, planEmbed(elf, program, policy, options)), { mode: 0o755 });
  writeFileSync(starter, launcher(program), { mode: 0o755 });
  return { own, launcher: starter };
}

export default function bench(): string {
  const source = benchFile('hello.c');
  writeFileSync(source, HELLO);
  const spawner = buildC('spawn', ['test/bench/spawn.c']);
  if ('why' in spawner) return spawner.why;
  const exec = buildC('exec', ['test/bench/exec.c'], ['-static', '-nostdlib']);
  if ('why' in exec) return exec.why;
  const rows = KINDS.map(({ name, flags }) => {
    const built = buildC(name.replaceAll(' ', '-'), [source], flags);
    if ('why' in built) return `| ${name} | ${built.why} | | | | | | |`;
    const { own, launcher } = confined(built.path);
    const times = output(spawner.path, [
      String(ROUNDS),
      built.path,
      own,
      `${exec.path},${built.path}`,
      `${launcher},${built.path}`,
    ])
      .trim()
      .split('\n')
      .map(Number);
    const [plain, ...others] = times as [number, number, number, number];
    const more = others.map((time) => ((time - plain) / 1000).toFixed(3));
    return `| ${[name, ...times.map((time) => time.toFixed(0)), ...more].join(' | ')} |`;
  });
  return [
    `median of ${ROUNDS} starts each, in turn, microseconds from posix_spawn to the end`,
    '',
    '| hello world | untouched | with its own filter | by an execve | by a launcher | own filter: more, ms | execve: more, ms | launcher: more, ms |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
