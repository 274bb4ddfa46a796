/** `seccompc verify` on real processes: confined or not, equal or not, in which direction, and by which call. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { absent, freshPath } from '../machine/tools.ts';
import { allowing, carrier, carrying, filterFiles, here, isArm, root, underBwrap } from './carriers.ts';
import { COMMAND, type Ended, profileOf, seccompc, statusOf, until } from './support.ts';

const OWN = isArm ? 'aarch64' : 'x86_64';
const NOBODY = 65_534;

interface Verified {
  readonly ok: boolean;
  readonly class: string;
  readonly confined: boolean;
  readonly threads: readonly { readonly tid: number; readonly mode: string; readonly filters: number }[];
  readonly comparisons: readonly {
    readonly threads: readonly number[];
    readonly equal: boolean | null;
    readonly direction: readonly string[];
    readonly equalAlone: readonly number[];
    readonly changes: readonly {
      readonly kind: string;
      readonly calls: readonly string[];
      readonly example: { readonly call: string };
    }[];
  }[];
  readonly diagnostics: readonly { readonly code: string; readonly severity: string }[];
}

const verify = (pid: number, ...more: readonly string[]): Ended => seccompc(['verify', '--pid', String(pid), ...more]);

/** By a user who may not read the profile's file. */
const asNobody = (pid: number, ...more: readonly string[]): Ended =>
  seccompc(['verify', '--pid', String(pid), ...more], { uid: NOBODY, input: readFileSync(uname, 'utf8') });

function data(ran: Ended): Verified & { readonly codes: readonly string[] } {
  const read = JSON.parse(ran.stdout) as Verified;
  assert.is(read.ok, ran.status === 0);
  return { ...read, codes: read.diagnostics.map(({ code }) => code) };
}

const programs = new Map<string, Uint8Array>();
function programOf(profile: string, ...more: readonly string[]): Uint8Array {
  const key = [profile, ...more].join(' ');
  const found = programs.get(key);
  if (found !== undefined) return found;
  const path = freshPath();
  const ran = seccompc(['build', profile, '-o', path, ...(more.length > 0 ? more : ['--arch', OWN])]);
  assert.is(ran.status, 0, ran.stderr);
  const made = Uint8Array.from(readFileSync(path));
  programs.set(key, made);
  return made;
}

const ERRNO = 'SCMP_ACT_ERRNO';
const uname = profileOf({ uname: ERRNO });
const getppid = profileOf({ getppid: ERRNO });
const both = profileOf({ uname: ERRNO, getppid: ERRNO });
const killed = profileOf({ uname: 'SCMP_ACT_KILL_PROCESS' });

/** A process with the filters that these profiles make, in this order. */
const under = (profiles: readonly string[], ...more: readonly string[]): readonly string[] =>
  carrier(...filterFiles(...profiles.map((profile) => programOf(profile))), ...more, 'read', '0');

suite('native/processes/verify', (test) => {
  test.needs(root, 'under the profile: equal, by its own words', () =>
    carrying(under([uname]), ({ pid }) => {
      const ran = verify(pid, uname);
      assert.is(ran.status, 0, ran.stderr);
      assert.match(
        ran.stdout,
        /^process \d+ \('file\d+'\): 1 thread with 1 filter; no_new_privs is set\nit carries:\n/,
      );
      assert.match(
        ran.stdout,
        /\nequal to .* \(profile; \w+\): it gives every call the same word, for all 2\^512 inputs\n/,
      );
      assert.equal([data(verify(pid, uname, '--json')).class, ran.stderr], ['EQUAL', '']);
    }),
  );
  test.needs(root, 'looser, tighter, both, other data: with a call that shows it', () =>
    carrying(under([uname]), ({ pid }) => {
      const rows = [
        [both, ['looser'], 'LOOSENED', 'getppid'],
        [profileOf(), ['tighter'], 'TIGHTENED', 'uname'],
        [killed, ['looser'], 'LOOSENED', 'uname'],
      ] as const;
      for (const [profile, direction, kind, call] of rows) {
        const ran = verify(pid, profile, '--json');
        const found = data(ran);
        assert.equal([ran.status, found.class, found.confined], [1, 'DIFFERENT', true]);
        const [comparison] = found.comparisons;
        assert.equal(comparison?.direction, direction);
        assert.equal(
          comparison?.changes.map((c) => [c.kind, c.calls]),
          [[kind, [call]]],
        );
        assert.match(comparison?.changes[0]?.example.call ?? '', new RegExp(`^${call}\\(`));
      }
      const text = verify(pid, getppid);
      assert.match(text.stdout, /\nNOT EQUAL to .*: looser, tighter \(1 loosened, 1 tightened, 0 changed\)\n/);
      assert.match(text.stdout, /\n {2}getppid\(\) on \w+: should get ERRNO\(1 EPERM\), gets ALLOW\n/);
    }),
  );
  test.needs(root, 'what counts is up to --fail-on', () =>
    carrying(under([both]), ({ pid }) => {
      assert.is(verify(pid, uname).status, 1);
      assert.is(verify(pid, uname, '--fail-on', 'loosened').status, 0);
      assert.is(verify(pid, killed, '--fail-on', 'loosened').status, 1);
      assert.is(verify(pid, uname, '--fail-on', 'nothing').status, 2);
      assert.match(verify(pid, uname, '--fail-on', 'loosened').stdout, /NOT EQUAL to .*: tighter/);
    }),
  );
  test.needs(root, 'several filters count together, in the order of installing', () =>
    carrying(under([uname, getppid]), ({ pid }) => {
      assert.is(verify(pid, both).status, 0);
      const ran = verify(pid, uname);
      assert.is(ran.status, 1);
      assert.match(ran.stdout, /filter 0 alone is equal to it: the others make the whole tighter/);
      assert.equal(data(verify(pid, getppid, '--json')).comparisons[0]?.equalAlone, [1]);
    }),
  );
  test.needs(root, 'of equal actions the newest data counts', () => {
    const [one, two] = [
      profileOf({}, { syscalls: [{ names: ['uname'], action: ERRNO, errnoRet: 1 }] }),
      profileOf({}, { syscalls: [{ names: ['uname'], action: ERRNO, errnoRet: 2 }] }),
    ];
    return carrying(under([one, two]), ({ pid }) => {
      assert.is(verify(pid, two).status, 0);
      assert.equal(data(verify(pid, one, '--json')).comparisons[0]?.direction, ['other data']);
    });
  });
  test.needs(root ?? absent('bwrap'), 'bubblewrap with two filters: together they are the profile', () => {
    return underBwrap([programOf(uname), programOf(getppid)], (pid) => {
      assert.is(verify(pid, both).status, 0);
      assert.is(verify(pid, uname).status, 1);
    });
  });

  test.needs(here, 'not confined', () => {
    for (const more of [[], [uname]]) {
      const ran = verify(process.pid, ...more, '--json');
      const found = data(ran);
      assert.equal(
        [ran.status, found.class, found.confined, found.codes],
        [1, 'UNCONFINED', false, ['PROCESS_UNFILTERED']],
      );
    }
  });
  test.needs(root, 'one thread without a filter is a finding, whatever the others carry', () =>
    carrying(carrier('--bare-thread', ...filterFiles(programOf(uname)), 'read', '0'), ({ pid, tid }) => {
      for (const more of [[], [uname], ['--fail-on', 'none', uname]]) {
        const ran = verify(pid, ...more);
        assert.is(ran.status, 1);
        assert.match(ran.stderr, new RegExp(`error PROCESS_UNFILTERED thread ${tid} of process ${pid} `));
        assert.match(ran.stdout, /: 2 threads, 1 of them with 1 filter; /);
      }
      // Seen by whoever asks, and not only when the filters can be read.
      const unprivileged = asNobody(pid, '-');
      assert.is(unprivileged.status, 1);
      assert.match(unprivileged.stderr, /error PROCESS_UNFILTERED [\s\S]*error PROCESS_PRIVILEGE /);
    }),
  );
  test.needs(root, 'one thread with a further filter', () => {
    const [common, own] = filterFiles(programOf(uname), programOf(getppid));
    return carrying(carrier(common as string, '--thread', own as string, 'read', '0'), ({ pid, tid }) => {
      const ran = verify(pid, uname);
      assert.is(ran.status, 1);
      assert.match(ran.stdout, new RegExp(`\nthread ${pid} carries:\n.*\nequal to `));
      assert.match(ran.stdout, new RegExp(`\nthread ${tid} carries:\n.*\n.*\nNOT EQUAL to .*: tighter`));
      const found = data(verify(pid, uname, '--json'));
      assert.equal(
        found.comparisons.map((c) => [c.threads, c.equal]),
        [
          [[pid], true],
          [[tid], false],
        ],
      );
      assert.is(verify(tid, uname, '--fail-on', 'loosened').status, 0);
    });
  });
  test.needs(root, 'strict mode is no filter', () =>
    carrying(carrier('strict', '0'), async ({ pid }) => {
      await until('strict mode', () => statusOf(pid, 'Seccomp') === '1');
      const ran = verify(pid, uname);
      assert.match(ran.stderr, /error PROCESS_STRICT /);
      assert.is(ran.status, 1);
    }),
  );
  test.needs(root, 'without a file: confined or not, for anybody', () =>
    carrying(under([uname]), ({ pid }) => {
      const asked = asNobody(pid);
      assert.equal([asked.status, asked.stderr], [0, '']);
      assert.match(asked.stdout, /\nconfined; by what was not asked/);
      const compared = asNobody(pid, '-');
      assert.is(compared.status, 3);
      assert.match(compared.stderr, /error PROCESS_PRIVILEGE /);
      const found = data(asNobody(pid, '-', '--json'));
      assert.equal([found.class, found.confined, found.comparisons], ['UNDECIDED', true, []]);
    }),
  );
  test.needs(root ?? absent('python3'), 'no_new_privs: a warning, or a finding', async () => {
    const script = `
import ctypes, os, struct, sys, time
program = ctypes.create_string_buffer(open(sys.argv[1], 'rb').read())
fprog = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', (len(program) - 1) // 8, ctypes.addressof(program)))
assert ctypes.CDLL(None).prctl(22, 2, fprog) == 0
print('ready', os.getpid(), 0, flush=True)
time.sleep(60)
`;
    await carrying(['python3', '-c', script, ...filterFiles(programOf(uname))], ({ pid }) => {
      const ran = verify(pid, uname);
      assert.is(ran.status, 0);
      assert.match(ran.stderr, /warning PROCESS_PRIVILEGES_NEW no_new_privs is not set in process /);
      const found = verify(pid, uname, '--require-no-new-privs');
      assert.match(found.stderr, /error PROCESS_PRIVILEGES_NEW /);
      assert.is(found.status, 1);
    });
  });
  test.needs(root, 'the flag LOG', () => {
    const logging = profileOf({ uname: ERRNO }, { flags: ['SECCOMP_FILTER_FLAG_LOG'] });
    return carrying(carrier('--log', ...filterFiles(programOf(uname)), 'read', '0'), ({ pid }) => {
      assert.equal([verify(pid, logging).status, verify(pid, logging).stderr], [0, '']);
      const ran = verify(pid, uname);
      assert.is(ran.status, 0);
      assert.match(ran.stderr, /warning PROCESS_LOG /);
    });
  });

  test.needs(root, 'seccompc run, and a program that enforces its own: --elf', () => {
    const command = ['run', uname, '--', '/bin/sh', '-c', 'echo ready $$ 0; exec sleep 60'];
    return carrying([process.execPath, COMMAND, ...command], async ({ pid }) => {
      assert.is(verify(pid, uname).status, 0);
      const [plain, enforced, other] = [carrier()[0] as string, freshPath(), freshPath()];
      const build = (profile: string, path: string) =>
        assert.is(seccompc(['build', profile, '--into', plain, '--enforce', '-o', path]).status, 0);
      build(uname, enforced);
      build(both, other);
      assert.is(verify(pid, '--elf', enforced).status, 0);
      assert.is(verify(pid, enforced).status, 0);
      await carrying([enforced, 'read', '0'], (own) => {
        assert.is(verify(own.pid, '--elf').status, 0);
        assert.is(verify(own.pid, uname).status, 0);
        assert.match(verify(own.pid, '--elf', other).stdout, /: looser/);
        assert.is(verify(own.pid, uname, '--elf').status, 2);
        assert.is(verify(own.pid, '--elf', uname).status, 2);
      });
      assert.is(verify(pid, '--elf').status, 1);
    });
  });
  test.needs(root, 'a raw program', () =>
    carrying(under([uname]), ({ pid }) => {
      assert.is(verify(pid, ...filterFiles(programOf(uname))).status, 0);
      assert.is(verify(pid, ...filterFiles(allowing)).status, 1);
    }),
  );
  test.needs(root ?? (isArm ? 'for x86_64' : undefined), 'the architectures of a container are named', () => {
    const three = ['--arch', 'x86_64,i386,x32'];
    return carrying(carrier(...filterFiles(programOf(uname, ...three)), 'read', '0'), ({ pid }) => {
      const ran = verify(pid, uname);
      assert.is(ran.status, 1);
      assert.match(
        ran.stdout,
        /the filters are for x86_64, i386, x32: --arch x86_64,i386,x32 reads the profile for the same/,
      );
      assert.is(verify(pid, uname, ...three).status, 0);
      assert.is(verify(pid, uname, '--unknown-arch', 'errno', ...three).status, 1);
    });
  });
  test.needs(root, 'mistakes', () => {
    assert.is(seccompc(['verify', uname]).status, 2);
    assert.is(verify(process.pid, '/nowhere.json').status, 2);
    assert.is(verify(4_194_303, uname).status, 3);
    const broken = profileOf({ uname: 'SCMP_ACT_NOTHING' });
    const ran = verify(process.pid, broken);
    assert.match(ran.stderr, /error ACTION_UNKNOWN/);
  });
  test.needs(root, 'a hostile name', () =>
    carrying(carrier('--name', '\x1b[31mab\u202e', ...filterFiles(programOf(uname)), 'read', '0'), ({ pid }) => {
      for (const more of [[], ['--json'], [getppid]]) {
        const { stdout } = verify(pid, ...more);
        assert.not.match(stdout, /[\x1b\u202e]/);
        assert.match(stdout, /31mab/);
      }
    }),
  );
});
