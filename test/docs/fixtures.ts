/**
 * What a reader of the documents has at hand, said once: the clone itself, and the files that the examples name. A profile
 * of hers (fixtures/seccomp.json), programs, recordings, and filters made of the profile.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { arch } from '../../src/arch/index.ts';
import { compile } from '../../src/build/index.ts';
import { executable } from '../../src/machine/executable.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';

const PROFILE = readFileSync('test/docs/fixtures/seccomp.json', 'utf8');
const STRACE = readFileSync('test/docs/fixtures/app.strace', 'utf8');

/** A variant of the profile. */
const changed = (was: string | RegExp, is: string): string => {
  const text = PROFILE.replace(was, is);
  if (text === PROFILE) throw new Error(`the profile has no ${was}`);
  return text;
};

/** One call denied, nothing else: what is shown of it is short. */
const NO_MOUNT = `{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["mount"], "action": "SCMP_ACT_ERRNO" }] }`;

const filterOf = (text: string): Uint8Array =>
  compile(resolvePolicy(parseProfile(text, { file: 'seccomp.json' }), { arches: ['x86_64'] })).bytes;

/** Says a line; then, if it is `curious`, asks for an AF_ALG socket as an operator would for a cipher of the kernel; ends. */
function program(line: string, curious: boolean): Uint8Array {
  const text = Buffer.from(`${line}\n`);
  const word = (value: number) => [value & 0xff, value >> 8, 0, 0];
  const end = [0xb8, ...word(231), 0x31, 0xff, 0x0f, 0x05]; // exit_group(0)
  const asks = [0xb8, ...word(41), 0xbf, ...word(38), 0xbe, ...word(5), 0x31, 0xd2, 0x0f, 0x05]; // socket(38, 5, 0)
  const tail = curious ? [...asks, ...end] : end;
  const says = [0xb8, ...word(1), 0xbf, ...word(1), 0xba, ...word(text.length), 0x48, 0x8d, 0x35]; // write(1, rip+, length)
  const bytes = Uint8Array.from([...says, ...word(2 + tail.length), 0x0f, 0x05, ...tail, ...text]);
  return executable(arch('x86_64'), { bytes, lines: [], labels: new Map(), externals: new Map() });
}

/** Name -> content. */
const FILES: ReadonlyMap<string, () => string | Uint8Array> = new Map<string, () => string | Uint8Array>([
  ['seccomp.json', () => PROFILE],
  ['seccomp.jsonc', () => `// The profile of the operator.\n${PROFILE}`],
  ['ours.json', () => PROFILE],
  ['new.json', () => PROFILE],
  // As it was before AF_ALG was closed.
  ['old.json', () => changed(/.*"socket".*\n/, '')],
  ['theirs.json', () => changed('"mount", ', '')],
  ['company.json', () => changed('"bpf", ', '"bpf", "reboot", ')],
  ['strict.json', () => changed('["ptrace"]', '["ptrace", "exit_group"]').replace('"bpf", ', '"bpf", "arch_prctl", ')],
  ['filter.bpf', () => filterOf(PROFILE)],
  ['one.bpf', () => filterOf(PROFILE)],
  ['two.bpf', () => filterOf(changed('"bpf", ', '"bpf", "listen", '))],
  ['operator', () => program('operator: ready', true)],
  ['app', () => program('app: done', false)],
  ['service', () => program('service: done', false)],
  [
    'typo.jsonc',
    () =>
      '{\n  "defaultAction": "SCMP_ACT_ALLOW",\n  "syscalls": [\n    {\n      "names": ["opennat", "read"],\n      "action": "SCMP_ACT_ERRNO"\n    }\n  ]\n}\n',
  ],
  ['mount.bpf', () => filterOf(NO_MOUNT)],
  ['hello.c', () => '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n'],
  ['app.strace', () => STRACE],
  ['mount.strace', () => '4711 [ 165] mount(0x5571, 0x5581, 0x5591, 0x1000, 0) = 0\n'],
]);

let contents: ReadonlyMap<string, string | Uint8Array> | undefined;

/** A folder to follow one document in: everything of the clone by its name, and the files above, for her to change. */
export function readersFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync('.'))
    if (!name.startsWith('.') && name !== 'build') symlinkSync(resolve(name), join(folder, name));
  contents ??= new Map([...FILES].map(([name, content]) => [name, content()]));
  for (const [name, bytes] of contents) {
    writeFileSync(join(folder, name), bytes);
    if (typeof bytes !== 'string' && bytes[0] === 0x7f) chmodSync(join(folder, name), 0o755);
  }
  return folder;
}
