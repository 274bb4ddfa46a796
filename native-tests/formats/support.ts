/** What the tests of loaders and arrays share: one profile, its exports, and the compilers. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ArchName } from '../../src/arch/index.ts';
import { compile, type ExportOptions, exportFilter } from '../../src/build/index.ts';
import type { FormatName } from '../../src/formats/index.ts';
import type { CheckedProgram } from '../../src/kernel/index.ts';
import { type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { must } from '../elf/tools.ts';

/** Ends comments, strings and lines in every language there is. */
export const HOSTILE =
  'p*/ ]] #error "x" \\\n int evil; // ??/\r\n"; \'); panic!(); } %n $HOME `id` \u202e\u2066\u2028\0 */ /* <!-- \\';

/** getppid gets an errno that nothing else gives. */
export const DENIED = 77;

/** The machine's own ABI, for tests that run what they compile. */
export const OWN: ArchName = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

export function policyFor(arch: ArchName, errnoRet: number = DENIED): Policy {
  const profile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    flags: ['SECCOMP_FILTER_FLAG_LOG'],
    syscalls: [{ names: ['getppid'], action: 'SCMP_ACT_ERRNO', errnoRet }],
  };
  return resolvePolicy(parseProfile(JSON.stringify(profile), { file: HOSTILE }), { arches: [arch] });
}

/** The text of an export of the policy, under a hostile title. */
export function exportText(format: FormatName, policy: Policy, options: ExportOptions = {}): string {
  return new TextDecoder().decode(exportFilter(format, { policy }, { ...options, title: HOSTILE }).bytes);
}

export const programOf = (policy: Policy): CheckedProgram => compile(policy);

/** Writes files into a folder, below it where their names say so. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

export const STRICT: readonly string[] = ['-Wall', '-Wextra', '-Werror', '-pedantic'];
const PROGRAMS = 'native-tests/formats/programs';

/** An executable of programs/main.c and a source that seccompc wrote. */
export function compileC(compiler: readonly string[], source: string, folder: string): Uint8Array {
  writeFiles(folder, { 'seccompc.c': source });
  const [object, main, out] = ['seccompc.o', 'main.o', 'main'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  must([...compiler, ...STRICT, '-O2', '-c', join(folder, 'seccompc.c'), '-o', object]);
  must([...compiler, ...STRICT, '-O2', '-c', `${PROGRAMS}/main.c`, '-o', main]);
  must([compiler[0] as string, ...compiler.filter((o) => o === '-static'), main, object, '-pthread', '-o', out]);
  return Uint8Array.from(readFileSync(out));
}

/** An executable of programs/main.go and a package that seccompc wrote. */
export function compileGo(source: string, folder: string, arch?: string): Uint8Array {
  writeFiles(folder, {
    'go.mod': 'module loader\n\ngo 1.17\n',
    'main.go': readFileSync(`${PROGRAMS}/main.go`),
    'seccomp/seccomp.go': source,
  });
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', ...(arch && { GOARCH: arch }) };
  must(['go', 'build', '-o', 'main', '.'], { cwd: folder, env });
  return Uint8Array.from(readFileSync(join(folder, 'main')));
}

/** An executable of programs/main.rs and a module that seccompc wrote. */
export function compileRust(source: string, folder: string): Uint8Array {
  writeFiles(folder, { 'main.rs': readFileSync(`${PROGRAMS}/main.rs`), 'seccomp.rs': source });
  must(['rustc', '--edition', '2018', '-D', 'warnings', '-o', join(folder, 'main'), join(folder, 'main.rs')]);
  return Uint8Array.from(readFileSync(join(folder, 'main')));
}

export function writeProgram(path: string, bytes: Uint8Array): string {
  writeFileSync(path, bytes);
  chmodSync(path, 0o755);
  return path;
}
