/** What build says of its result, wherever that goes. */
import { describeWord } from '../arch/index.ts';
import type { Compiled } from '../build/index.ts';
import { forTerminal } from '../diag/index.ts';
import type { Written } from '../host/atomic-write.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import type { Policy } from '../policy/index.ts';
import type { Terminal } from './terminal.ts';

export function summary(policy: Policy, { program, proof }: Compiled, terminal: Terminal, toStdout: boolean): void {
  const say = toStdout ? (text: string) => terminal.line(text) : (text: string) => terminal.aside(text);
  const names = policy.arches.map((a) => a.arch.name).join(', ');
  say(
    `${forTerminal(policy.source.name)}: ${program.length} instructions (${program.length * 8} bytes, ${program.endian}-endian) for ${names}`,
  );
  for (const a of policy.arches) {
    const conditional = [...a.calls.values()].filter((c) => c.rules.some((r) => r.conditions.length > 0)).length;
    say(
      `  ${a.arch.name}: ${a.calls.size} calls with rules, ${conditional} of them on arguments; all others ${describeWord(a.defaultAction, a.arch)}`,
    );
  }
  say(`  other architectures: ${describeWord(policy.unknownArch)}`);
  say(
    policy.kernel === undefined
      ? '  kernel: none given, every minKernel counts as satisfied'
      : `  kernel: ${forTerminal(policy.kernel)}`,
  );
  if (proof === undefined) say('  not proved equal to the profile (--no-prove)');
  else
    say(
      '  proved equal to the profile for every architecture, number and argument (x86_64 calls 335 and 336 excepted)',
    );
  if (policy.flags.length > 0) say(`  filter flags for whoever installs it: ${policy.flags.join(', ')}`);
}

export function summaryData(policy: Policy, program: CheckedProgram): Record<string, unknown> {
  return {
    profile: policy.source.name,
    architectures: policy.arches.map((a) => a.arch.name),
    calls: policy.arches.map((a) => ({
      arch: a.arch.name,
      withRules: a.calls.size,
      onArguments: [...a.calls.values()].filter((c) => c.rules.some((r) => r.conditions.length > 0)).length,
      default: describeWord(a.defaultAction, a.arch),
    })),
    endian: program.endian,
    instructions: program.length,
    bytes: program.length * 8,
    kernel: policy.kernel ?? null,
    unknownArch: describeWord(policy.unknownArch),
    flags: policy.flags,
  };
}

export interface Output {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly what: string;
  readonly write: () => Written;
}

export function writtenLine({ path, what, size }: Output): string {
  return `  written: ${forTerminal(path)} (${forTerminal(what)}, ${size} bytes)`;
}
