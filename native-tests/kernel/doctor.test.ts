/** `seccompc doctor`: what it says of this kernel, against a program in C that really uses each feature; and where much is denied. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { join } from 'node:path/posix';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { inFreshFolder, type Ran, runCommand, seccompc, withoutLinux, withoutTool } from '../support.ts';
import { kernelAbsent } from './ask.ts';

interface Line {
  readonly name: string;
  readonly part: string;
  readonly state: string;
  readonly value: string;
  readonly means: string;
  readonly help?: string;
}

/** Every line is whole, whatever the machine: words for the user, and what to do where something is missing. */
function linesOf(ran: Ran): ReadonlyMap<string, Line> {
  assert.equal([ran.status, ran.stderr], [0, '']);
  const { ok, lines } = JSON.parse(ran.stdout) as { readonly ok: boolean; readonly lines: readonly Line[] };
  assert.is(ok, true);
  for (const line of lines) {
    assert.ok(line.value !== '' && line.means !== '', JSON.stringify(line));
    assert.is(line.help !== undefined, line.state !== 'good', JSON.stringify(line));
  }
  return new Map(lines.map((line) => [line.name, line]));
}

/** Installs a real filter with each flag, asks each question with a real buffer, and makes a call by each other ABI. */
const USES = `
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static int install(unsigned long flags) {
  struct sock_filter insn = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog prog = { 1, &insn };
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return syscall(SYS_seccomp, 1, flags, &prog) >= 0;
}
static int action(unsigned long unused) { uint32_t a = 0x80000000u; return syscall(SYS_seccomp, 2, unused, &a) == 0; }
static int sizes(unsigned long unused) { uint16_t s[3]; return syscall(SYS_seccomp, 3, unused, s) == 0 && s[0] > 0; }
#ifdef __x86_64__
static int i386(unsigned long nr) { long r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(nr) : "memory"); return r == getpid(); }
static int x32(unsigned long nr) { return syscall(0x40000000 + nr) == getpid(); }
#endif
static void tell(const char *name, int (*use)(unsigned long), unsigned long with) {
  int status;
  pid_t child = fork();
  if (child == 0) _exit(use(with) ? 0 : 1);
  waitpid(child, &status, 0);
  printf("%s=%s\\n", name, status == 0 ? "yes" : "no");
  fflush(stdout);
}
int main(void) {
  tell("TSYNC", install, 1);
  tell("FLAG_LOG", install, 2);
  tell("SPEC_ALLOW", install, 4);
  tell("NEW_LISTENER", install, 8);
  tell("TSYNC_ESRCH", install, 16 | 8 | 1);
  tell("WAIT_KILLABLE_RECV", install, 32 | 8);
  tell("action query", action, 0);
  tell("notif sizes", sizes, 0);
#ifdef __x86_64__
  tell("i386", i386, 20);
  tell("x32", x32, 39);
#endif
  return 0;
}
`;

const DENYING = `{
  "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [{ "names": ["seccomp", "ptrace", "memfd_create", "unshare"], "action": "SCMP_ACT_ERRNO" }]
}`;

suite('native/kernel/doctor', (test) => {
  test.needs(kernelAbsent() ?? withoutTool('gcc'), 'each feature as a program in C finds it by using it', () =>
    inFreshFolder((folder) => {
      writeFileSync(join(folder, 'uses.c'), USES);
      const compiled = runCommand('gcc', ['-w', '-o', join(folder, 'uses'), join(folder, 'uses.c')]);
      assert.is(compiled.status, 0, compiled.stderr);
      const used = runCommand(join(folder, 'uses'), []).stdout.trim().split('\n');
      const lines = linesOf(seccompc(['doctor', '--json']));
      assert.ok(used.length >= 8);
      for (const row of used) {
        const [name = '', value] = row.split('=');
        assert.is(lines.get(name)?.value, value, name);
      }
    }),
  );

  test.needs(withoutLinux(), 'as text: no line without words, and the main job works', () => {
    const { status, stdout, stderr } = seccompc(['doctor']);
    assert.equal([status, stderr], [0, '']);
    assert.match(stdout, /\nthe main job works here\n$/);
  });

  test.needs(kernelAbsent(), 'under a filter that denies seccomp and more: in words', () =>
    inFreshFolder((folder) => {
      const profile = join(folder, 'denying.json');
      writeFileSync(profile, DENYING);
      const arch = process.arch === 'x64' ? 'x86_64' : 'aarch64';
      const words = [process.execPath, resolve('dist/seccompc.mjs'), 'doctor', '--json'];
      const lines = linesOf(seccompc(['run', profile, '--arch', arch, '--', ...words]));
      assert.match(lines.get('features')?.value ?? '', /may not install filters/);
      assert.match(lines.get('confinement')?.value ?? '', /^filtered/);
    }),
  );

  test.needs(
    withoutLinux() ?? withoutTool('bwrap'),
    'without /proc, and where nothing can be written: in words',
    () => {
      const box = ['--ro-bind', '/', '/', '--tmpfs', '/proc', '--dev', '/dev', '--unshare-pid'];
      const words = [process.execPath, resolve('dist/seccompc.mjs'), 'doctor', '--json'];
      const lines = linesOf(runCommand('bwrap', [...box, ...words]));
      assert.is(lines.get('actions')?.value, 'not shown');
      assert.is(lines.get('confinement')?.value, 'not shown');
    },
  );
});
