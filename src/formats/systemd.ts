/**
 * A drop-in for a systemd unit. systemd compares no arguments; it adds a list of its own (@default) to every allowlist, which
 * is taken out again; it always lets the machine's own ABI in, hence the assertion; and it merges what several files say, so
 * that what was said before is reset.
 *
 * In an allowlist an errno behind a name is ignored, and the call allowed; behind `~` it is heeded (systemd 252, tried).
 */
import type { ArchName } from '../arch/index.ts';
import { Diagnostics } from '../diag/index.ts';
import type { Policy } from '../policy/index.ts';
import { errnoText, type NamesOnly, type Outcome } from './names-only.ts';
import { lineComment, wrapped } from './text.ts';

// biome-ignore format: a table
const NAMES: Readonly<Partial<Record<ArchName, string>>> = {
  x86_64: 'x86-64', i386: 'x86', x32: 'x32', arm: 'arm', aarch64: 'arm64', mips: 'mips', mipsel: 'mips-le', mips64: 'mips64',
  mipsel64: 'mips64-le', mips64n32: 'mips64-n32', mipsel64n32: 'mips64-le-n32', ppc: 'ppc', ppc64: 'ppc64',
  ppc64le: 'ppc64-le', s390: 's390', s390x: 's390x', riscv64: 'riscv64', loongarch64: 'loongarch64', parisc: 'parisc',
  parisc64: 'parisc64',
};
/** ABIs that no kernel has for its own. */
const GUESTS: ReadonlySet<ArchName> = new Set<ArchName>(['x32', 'mips64n32', 'mipsel64n32']);
const WIDTH = 100;

/** Throws EXPORT_MACHINE for ABIs that systemd has no name for. */
export function checkSystemd(policy: Policy): void {
  const diagnostics = new Diagnostics();
  for (const { arch } of policy.arches) {
    if (NAMES[arch.name] !== undefined) continue;
    diagnostics.add({ code: 'EXPORT_MACHINE', source: policy.source, message: `systemd has no name for ${arch.name}` });
  }
  diagnostics.throwIfErrors();
}

function setting(key: string, words: readonly string[], before = ''): readonly string[] {
  return wrapped(words, WIDTH).map((line) => `${key}=${before}${line}`);
}

export function systemdUnit(policy: Policy, { otherwise, calls }: NamesOnly, about: readonly string[]): string {
  const arches = policy.arches.map(({ arch }) => arch.name);
  const own = arches.filter((name) => !GUESTS.has(name));
  const suffix = (outcome: Outcome) => (typeof outcome === 'number' ? errnoText(outcome, policy) : 'kill');
  const allowed = [...calls].filter(([, o]) => o === 'run').map(([name]) => name);
  const denied = [...calls].filter(([, o]) => o !== 'run').map(([name, o]) => `${name}:${suffix(o)}`);
  const lists =
    otherwise === 'run'
      ? setting('SystemCallFilter', denied, '~')
      : [
          // The first one makes it an allowlist, and adds @default.
          ...setting('SystemCallFilter', allowed.length === 0 ? ['exit_group'] : allowed.slice(0, 1)),
          'SystemCallFilter=~@default',
          ...(allowed.length === 0 ? ['SystemCallFilter=~exit_group'] : setting('SystemCallFilter', allowed)),
          ...setting('SystemCallFilter', denied, '~'),
        ];
  const assertions = own.map((name) => `AssertArchitecture=${own.length > 1 ? '|' : ''}${NAMES[name]}`);
  return `${lineComment('#', about)}

[Unit]
${assertions.join('\n')}

[Service]
SystemCallArchitectures=
SystemCallArchitectures=${arches.map((name) => NAMES[name]).join(' ')}
SystemCallFilter=
SystemCallErrorNumber=${otherwise === 'run' ? '' : suffix(otherwise)}
${lists.join('\n')}
`;
}
