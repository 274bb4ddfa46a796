/** `seccompc init`: under what it writes, static and dynamic programs really run, and what it leaves out fails. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { inFreshFolder, runCommand, seccompc, withoutLinux, withoutTool } from '../support.ts';

const HELLO = `#include <stdio.h>
int main(void) { return puts("hello") < 0; }
`;
/** 0 where the socket is refused with EPERM. */
const SOCKET = `#include <errno.h>
#include <sys/socket.h>
int main(void) { return socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM ? 0 : 1; }
`;
/** A thread, a child and a socket. */
const SERVICE = `#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
static void *body(void *p) { return p; }
int main(void) {
  pthread_t t;
  int status = 1;
  if (pthread_create(&t, 0, body, 0) != 0 || pthread_join(t, 0) != 0) return 2;
  pid_t child = fork();
  if (child < 0) return 3;
  if (child == 0) _exit(7);
  if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7) return 4;
  if (socket(AF_INET, SOCK_STREAM, 0) < 0) return 5;
  if (socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0) >= 0) return 6;
  return unshare(0x10000000 /* CLONE_NEWUSER */) == 0 ? 7 : 0;
}
`;

suite('native/kernel/starter', (test) => {
  const absent = withoutLinux() ?? withoutTool('gcc');

  function compiled(folder: string, name: string, text: string, ...options: readonly string[]): string {
    const source = join(folder, `${name}.c`);
    writeFileSync(source, text.includes('unshare') ? `#define _GNU_SOURCE\n#include <sched.h>\n${text}` : text);
    const done = runCommand('gcc', ['-o', join(folder, name), source, '-pthread', ...options]);
    assert.is(done.status, 0, done.stderr);
    return join(folder, name);
  }

  test.needs(absent, 'base program: a static and a dynamic hello, ls; no socket', () =>
    inFreshFolder((folder) => {
      const profile = join(folder, 'seccomp.json');
      assert.is(seccompc(['init', profile]).status, 0);
      assert.ok(existsSync(join(folder, 'seccomp.schema.json')));
      const under = (...words: readonly string[]) => seccompc(['run', profile, '--', ...words]);
      for (const options of [['-static'], []]) {
        const r = under(compiled(folder, 'hello', HELLO, ...options));
        assert.equal([r.status, r.stdout, r.stderr], [0, 'hello\n', '']);
      }
      const plain = runCommand('ls', ['-l', folder]);
      assert.is(plain.status, 0);
      assert.equal(under('ls', '-l', folder), plain);
      assert.equal(under('cat', profile).stdout, readFileSync(profile, 'utf8'));
      assert.is(under(compiled(folder, 'socket', SOCKET)).status, 0);
    }),
  );

  test.needs(absent, 'base service: threads, children and sockets; not AF_ALG, no namespace', () =>
    inFreshFolder((folder) => {
      const profile = join(folder, 'service.jsonc');
      assert.is(seccompc(['init', profile, '--base', 'service', '--no-schema']).status, 0);
      for (const options of [['-static'], []])
        assert.is(seccompc(['run', profile, '--', compiled(folder, 'service', SERVICE, ...options)]).status, 0);
    }),
  );
});
