/** Servers: recorded while they serve, learned, and serving again under what was learned. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { arch, SECCOMP_RET_ALLOW, syscallsOf } from '../../src/arch/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../../test/suite.ts';
import { sharedText, withoutShared } from '../../test/support/shared.ts';
import { COMMAND, execute, later, seccompc } from '../processes/support.ts';
import { inFreshFolder, withoutLinux, withoutTool } from '../support.ts';

interface Server {
  readonly name: string;
  readonly command: (folder: string, port: number) => readonly string[];
  /** What is sent, in turn, and what the answer to each has in it. */
  readonly talk: readonly (readonly [string, RegExp])[];
  /** The last thing that is sent ends it; else this command does. */
  readonly end?: (folder: string) => readonly string[];
}

const NGINX = (folder: string, port: number) => `
worker_processes 2; daemon off; user root; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log ${folder}/access.log;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server { listen 127.0.0.1:${port}; root ${folder}/www; }
}`;
const nginx = (folder: string) => ['nginx', '-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`];

const servers: readonly Server[] = [
  {
    name: 'nginx',
    command: (folder, port) => {
      mkdirSync(join(folder, 'www'), { recursive: true });
      writeFileSync(join(folder, 'www', 'index.html'), 'this page is served');
      writeFileSync(join(folder, 'nginx.conf'), NGINX(folder, port));
      return nginx(folder);
    },
    talk: [
      ['GET / HTTP/1.0\r\n\r\n', /200 OK[\s\S]*this page is served/],
      ['GET /absent HTTP/1.0\r\n\r\n', /404 Not Found/],
    ],
    end: (folder) => [...nginx(folder), '-s', 'quit'],
  },
  {
    name: 'redis-server',
    command: (folder, port) => [
      ...['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--daemonize', 'no'],
    ],
    talk: [
      ['SET key value\r\n', /\+OK/],
      ['GET key\r\n', /value/],
      ['SAVE\r\n', /\+OK/],
      ['SHUTDOWN NOSAVE\r\n', /^$/],
    ],
  },
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Sends a text and takes what comes until it is enough, or the end. */
function asked(port: number, text: string, expected: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${text}`)));
    socket.on('data', (data) => {
      answer += data;
      if (expected.test(answer)) socket.end();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

/** Starts it, talks to it, ends it; it must end well. */
async function served(server: Server, folder: string, port: number, command: readonly string[]): Promise<void> {
  const child: ChildProcess = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (said += data));
  const ended = once(child, 'exit');
  const talkTo = async (text: string, expected: RegExp): Promise<string> => {
    for (let i = 0; ; i++) {
      try {
        return await asked(port, text, expected);
      } catch (error) {
        // It is starting.
        if (i === 150 || child.exitCode !== null) throw new Error(`${error}: ${said.slice(-500)}`);
        await later(100);
      }
    }
  };
  try {
    for (const [text, expected] of server.talk) assert.match(await talkTo(text, expected), expected);
    if (server.end) {
      const [program = '', ...args] = server.end(folder);
      assert.is(execute(program, args).status, 0);
    }
    const [status] = await ended;
    assert.is(status, 0, said.slice(-500));
  } finally {
    child.kill('SIGKILL');
  }
}

const X86_64 = arch('x86_64');

/** Numbers of x86_64 that a profile lets through, with whatever arguments. */
function allowedBy(text: string): ReadonlySet<number> {
  const policy = resolvePolicy(parseProfile(text), { arches: ['x86_64'] });
  const calls = policy.arches[0]?.calls;
  const isAllowed = (nr: number) => {
    const rules = calls?.get(nr)?.rules ?? [];
    return policy.arches[0]?.defaultAction === SECCOMP_RET_ALLOW || rules.some((r) => r.action === SECCOMP_RET_ALLOW);
  };
  return new Set([...syscallsOf(X86_64).values()].filter(isAllowed));
}

suite('native/learn-servers', (test) => {
  for (const server of servers) {
    const absent = () =>
      withoutLinux('x64') ??
      ['strace', server.name].map(withoutTool).find((why) => why !== undefined) ??
      (execute('strace', ['-o', '/dev/null', 'true']).status === 0 ? undefined : 'strace may not trace here');
    test.needs(absent, `${server.name} serves under what was learned from it`, () =>
      inFreshFolder(async (folder) => {
        const port = await freePort();
        const own = server.command(folder, port);
        const trace = join(folder, 'trace');
        await served(server, folder, port, ['strace', '-f', '-n', '-e', 'raw=all', '-o', trace, ...own]);
        const profile = join(folder, 'learned.jsonc');
        const learned = seccompc(['learn', trace, '--strict', '-o', profile]);
        assert.is(learned.status, 0, learned.stderr);
        await served(server, folder, port, [process.execPath, COMMAND, 'run', profile, '--', ...own]);
        assert.is.not(seccompc(['run', profile, '--', 'unshare', '-m', 'true']).status, 0, 'a namespace was made');
        // Ours is made like Docker's, for where that is not at hand.
        const isThere = withoutShared() === undefined;
        const wide = isThere
          ? sharedText('profiles/docker-default.json')
          : readFileSync('profiles/container-default.jsonc', 'utf8');
        const docker = allowedBy(wide);
        const mine = allowedBy(readFileSync(profile, 'utf8'));
        const denied = [...docker].filter((nr) => !mine.has(nr)).length;
        assert.ok(
          denied / docker.size >= 0.7,
          `${denied} of the ${docker.size} calls that a container may make are denied`,
        );
      }),
    );
  }
});
