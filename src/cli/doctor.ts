/** seccompc doctor: what works here, what does not, what that means and what to do. */
import { arch as nodeArch } from 'node:os';
import type { Command } from 'commander';
import { compile, loadPolicy } from '../build/index.ts';
import { forTerminal } from '../diag/index.ts';
import { kernelFeatures } from '../host/kernel-features.ts';
import { CAP_SYS_ADMIN, callerHere } from '../host/process-caller.ts';
import { threadStatus } from '../host/process-status.ts';
import { toolsThere } from '../host/tools.ts';
import { prove } from '../prove/index.ts';
import { define } from './definition.ts';
import { featureLines, kernelLines, type Line } from './doctor-kernel.ts';
import { Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

/** The main job, done: a profile compiled, checked and proved. It needs nothing of the machine. */
function mainJob(): Line {
  const line = { part: 'seccompc', name: 'build' } as const;
  try {
    const text =
      '{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{ "names": ["read"], "action": "SCMP_ACT_ALLOW" }] }';
    const policy = loadPolicy({ name: '<doctor>', text }, { arches: ['x86_64'] });
    const program = compile(policy);
    if (!prove(program, policy).proved) throw new Error('the proof failed');
    return {
      ...line,
      state: 'good',
      value: 'works',
      means: 'profiles are compiled, checked and proved, for every machine',
    };
  } catch (error) {
    const means = 'nothing can be built';
    return {
      ...line,
      state: 'fault',
      value: (error as Error).message,
      means,
      help: 'install seccompc anew; if it stays so, report it',
    };
  }
}

const NODE_LEAST = [20, 19] as const;

function node(): Line {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isGood = major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1]);
  const line = { part: 'seccompc', name: 'node', value: process.versions.node } as const;
  const least = NODE_LEAST.join('.');
  return isGood
    ? { ...line, state: 'good', means: `${least} or later is needed` }
    : { ...line, state: 'fault', means: `${least} or later is needed`, help: 'install a newer Node' };
}

function processLines(): readonly Line[] {
  const part = 'this process';
  const self = process.platform === 'linux' ? threadStatus(process.pid) : undefined;
  if (self === undefined) {
    if (process.platform !== 'linux') return [];
    return [
      {
        part,
        name: 'confinement',
        state: 'lacks',
        value: 'not shown',
        means: '/proc is hidden: dump and verify cannot work',
        help: 'mount /proc',
      },
    ];
  }
  const { capabilities, inFirstUserNamespace, ptraceScope } = callerHere();
  const count = self.filters === undefined ? '' : `, ${self.filters} filter${self.filters === 1 ? '' : 's'}`;
  const isConfined = self.seccomp === 2;
  const isAdmin = ((capabilities >> CAP_SYS_ADMIN) & 1n) === 1n && inFirstUserNamespace === true;
  return [
    isConfined
      ? {
          part,
          name: 'confinement',
          state: 'lacks',
          value: `filtered${count}`,
          means: 'what runs under seccompc here is under these filters too; filters of others cannot be read',
          help: 'for dump and verify: outside of the container, or docker run --security-opt seccomp=unconfined',
        }
      : {
          part,
          name: 'confinement',
          state: 'good',
          value: self.seccomp === undefined ? 'this kernel has no seccomp' : 'none',
          means: 'nothing but our own filters decides',
        },
    {
      part,
      name: 'no_new_privs',
      state: 'good',
      value: self.noNewPrivs === undefined ? 'not shown' : self.noNewPrivs ? 'set' : 'not set',
      means: 'run and launchers set it: set-id programs gain nothing under them',
    },
    isAdmin
      ? {
          part,
          name: 'privilege',
          state: 'good',
          value: 'CAP_SYS_ADMIN',
          means: "what dump and verify need to read processes' filters",
        }
      : {
          part,
          name: 'privilege',
          state: 'lacks',
          value: 'no CAP_SYS_ADMIN in the first user namespace',
          means: 'dump, and verify with a file, cannot read filters; all else works',
          help: 'sudo seccompc verify --pid N FILE',
        },
    ptraceScope !== undefined && ptraceScope > 2
      ? {
          part,
          name: 'ptrace',
          state: 'lacks',
          value: `kernel.yama.ptrace_scope ${ptraceScope}`,
          means: 'nobody may trace: trace and dry runs fail',
          help: 'it stays so until the machine starts again with a lower value',
        }
      : {
          part,
          name: 'ptrace',
          state: 'good',
          value: ptraceScope === undefined ? 'no Yama' : `kernel.yama.ptrace_scope ${ptraceScope}`,
          means: 'children can be traced: trace and dry runs work, where no container forbids it',
        },
  ];
}

/** Name, how it tells its version, what it is for. */
const TOOLS: readonly (readonly [string, string, string])[] = [
  ['strace', '-V', 'seccompc trace records with it'],
  ['bwrap', '--version', 'takes filters: bwrap --seccomp FD'],
  ['crun', '--version', 'runs containers with profiles and with our programs'],
  ['runc', '--version', 'runs containers with profiles'],
  ['podman', '--version', '--security-opt seccomp=PROFILE'],
  ['docker', '--version', '--security-opt seccomp=PROFILE'],
  ['objcopy', '--version', 'takes the section out again; seccompc elf does so too'],
  ['readelf', '--version', 'shows the section; seccompc inspect does so too'],
  ['git', '--version', 'the profile as it was, for comparing'],
];

async function toolLines(): Promise<readonly Line[]> {
  const found = await toolsThere(TOOLS.map(([name, flag]) => [name, flag]));
  return found.map(({ name, path, version, fault }, i): Line => {
    const line = { part: 'tools', name, means: TOOLS[i]?.[2] ?? '' } as const;
    if (path === undefined)
      return {
        ...line,
        state: 'lacks',
        value: fault ?? 'not found',
        help: `where you need it: install the package that has ${name}`,
      };
    if (fault !== undefined)
      return { ...line, state: 'lacks', value: `${path}: ${fault}`, help: `try: ${name} ${TOOLS[i]?.[1]}` };
    return { ...line, state: 'good', value: version ?? 'there' };
  });
}

const MARKS = { good: 'ok', lacks: '--', fault: 'FAULT' } as const;

async function run(flags: { readonly json?: boolean }): Promise<void> {
  const terminal = new Terminal(flags.json === true);
  const lines = [
    mainJob(),
    node(),
    ...kernelLines(),
    ...featureLines(kernelFeatures()),
    ...processLines(),
    ...(await toolLines()),
  ];
  const ok = lines.every(({ state }) => state !== 'fault');
  terminal.line(`seccompc ${VERSION} on ${process.platform} ${nodeArch()}`);
  let part = '';
  const width = Math.max(...lines.map(({ name }) => name.length));
  for (const line of lines) {
    if (line.part !== part) terminal.line(`\n${line.part}`);
    part = line.part;
    terminal.line(
      `  ${MARKS[line.state].padEnd(5)} ${line.name.padEnd(width)}  ${forTerminal(line.value)}: ${line.means}`,
    );
    if (line.help !== undefined) terminal.line(`${' '.repeat(width + 10)}do: ${line.help}`);
  }
  terminal.line(`\n${ok ? 'the main job works here' : 'the main job does not work here'}`);
  terminal.data({ ok, version: VERSION, platform: process.platform, arch: nodeArch(), lines, diagnostics: [] });
  if (!ok) process.exitCode = 1;
}

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('what works on this machine, and what to do about the rest')
    .description(
      "Looks at Node, the kernel's seccomp (asked by installing a filter in a child), this process's own confinement and the\n" +
        'programs that take filters. Each line says what it means, and where something is missing what to do. Nothing is\n' +
        'changed. Exit status: 0, or 1 where profiles cannot be compiled.',
    )
    .action(run);
  define(command, {
    group: 'around',
    result: 'verdict',
    examples: [
      ['doctor', 'all of it'],
      ['doctor --json', 'for a bug report, or a script'],
    ],
  });
}
