/** Recorded, learned, confined: programs work under what was learned from them, and not beyond it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { execute, seccompc } from '../processes/support.ts';
import { inFreshFolder, withoutLinux, withoutTool } from '../support.ts';

const PYTHON = `
import socket, threading, subprocess
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
t = threading.Thread(target=lambda: s.accept()[0].send(b"x")); t.start()
c = socket.create_connection(s.getsockname()); print(c.recv(1)); t.join()
print(subprocess.run(["true"]).returncode)`;

const NODE = `
const http = require("http");
const server = http.createServer((q, r) => r.end("served")).listen(0, "127.0.0.1", () => {
  http.get("http://127.0.0.1:" + server.address().port, (r) => {
    r.on("data", (d) => console.log(String(d)));
    r.on("end", () => server.close());
  });
});`;

const GO = `package main
import ("fmt"; "net"; "os"; "sync")
func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil { panic(err) }
	var w sync.WaitGroup
	for i := 0; i < 4; i++ {
		w.Add(1)
		go func() { defer w.Done(); if c, e := l.Accept(); e == nil { c.Write([]byte("x")); c.Close() } }()
	}
	for i := 0; i < 4; i++ {
		c, e := net.Dial("tcp", l.Addr().String())
		if e != nil { panic(e) }
		c.Read(make([]byte, 1)); c.Close()
	}
	w.Wait()
	b, _ := os.ReadFile("/proc/self/comm")
	fmt.Println("served", len(b) > 0)
}
`;

interface Program {
  readonly name: string;
  readonly tools: readonly string[];
  readonly command: (folder: string) => readonly string[];
  readonly says: RegExp;
}

const programs: readonly Program[] = [
  { name: 'ls', tools: ['ls'], command: () => ['ls', '-l', '/etc'], says: /passwd/ },
  { name: 'python3', tools: ['python3'], command: () => ['python3', '-c', PYTHON], says: /b'x'\n0/ },
  { name: 'node', tools: [], command: () => [process.execPath, '-e', NODE], says: /served/ },
  {
    name: 'a Go program',
    tools: ['go', 'gcc'],
    command: (folder) => {
      writeFileSync(join(folder, 'main.go'), GO);
      const built = execute('go', ['build', '-o', join(folder, 'served'), join(folder, 'main.go')], {
        env: { HOME: folder, GOFLAGS: '-mod=mod' },
      });
      assert.is(built.status, 0, built.stderr);
      return [join(folder, 'served')];
    },
    says: /served true/,
  },
];

/** Why strace cannot record here (a sandbox without ptrace). */
function withoutTracing(): string | undefined {
  const absent = withoutLinux() ?? withoutTool('strace');
  if (absent !== undefined) return absent;
  return execute('strace', ['-o', '/dev/null', 'true']).status === 0 ? undefined : 'strace may not trace here';
}

suite('native/learn', (test) => {
  for (const { name, tools, command, says } of programs) {
    const absent = () => withoutTracing() ?? tools.map(withoutTool).find((why) => why !== undefined);
    test.needs(absent, `${name} works under what was learned from it, and nothing else does`, () =>
      inFreshFolder((folder) => {
        const own = command(folder);
        const trace = join(folder, 'trace');
        const recorded = execute('strace', [
          '-f',
          '-n',
          '-e',
          'raw=all',
          '-e',
          'quiet=thread-execve',
          '-o',
          trace,
          ...own,
        ]);
        assert.match(recorded.stdout, says);
        const profile = join(folder, 'learned.jsonc');
        const learned = seccompc(['learn', trace, '--strict', '-o', profile]);
        assert.is(learned.status, 0, learned.stderr);
        for (let i = 0; i < 3; i++) {
          const confined = seccompc(['run', profile, '--', ...own]);
          assert.is(confined.status, 0, confined.stderr);
          assert.match(confined.stdout, says);
        }
        const beyond = seccompc(['run', profile, '--', 'unshare', '-m', 'true']);
        assert.is.not(beyond.status, 0, 'a namespace was never made');
      }),
    );
  }
});
