/**
 * What the seccomp of the running kernel can do, asked of itself: by the probe, in a child that has one filter that allows
 * everything. A flag or an operation that the kernel knows fails for the null pointer it is given (EFAULT), one that it
 * does not know for what it is (EINVAL). @see seccomp(2); Linux kernel/seccomp.c do_seccomp()
 */
import { arch, syscallNumber, X32_SYSCALL_BIT } from '../arch/index.ts';
import { SeccompcError } from '../diag/index.ts';
import { control, probeKernel } from './probe.ts';
import { HERE, readProc } from './process-status.ts';

const EFAULT = -14n;
const ENOSYS = -38n;
const SET_MODE_FILTER = 1n;
/** Operations besides, in the order of seccomp(2). */
const OPERATIONS = { GET_ACTION_AVAIL: 2n, GET_NOTIF_SIZES: 3n } as const;
/** WAIT_KILLABLE_RECV goes with a listener. @see Linux include/uapi/linux/seccomp.h */
const FLAGS = {
  TSYNC: 1n,
  LOG: 2n,
  SPEC_ALLOW: 4n,
  NEW_LISTENER: 8n,
  TSYNC_ESRCH: 16n,
  WAIT_KILLABLE_RECV: 40n,
} as const;

export type Feature = keyof typeof OPERATIONS | keyof typeof FLAGS;

export type KernelFeatures =
  | {
      readonly asked: true;
      readonly features: ReadonlyMap<Feature, boolean>;
      /** Whether calls of the machine's other ABIs are served; undefined where there is none. */
      readonly i386: boolean | undefined;
      readonly x32: boolean | undefined;
    }
  | { readonly asked: false; readonly why: string };

const X86_GETPID = { native: 39, i386: 20 } as const;

/** Never throws. */
export function kernelFeatures(): KernelFeatures {
  try {
    return asked();
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    return { asked: false, why: error.diagnostics.map((d) => d.message).join('; ') };
  }
}

function asked(): KernelFeatures {
  const isX86 = process.arch === 'x64';
  const nr = syscallNumber(arch(isX86 ? 'x86_64' : 'aarch64'), 'seccomp') ?? 0;
  const allow = control(HERE);
  const questions: readonly (readonly [Feature, readonly bigint[]])[] = [
    ...Object.entries(OPERATIONS).map(([name, operation]) => [name as Feature, [operation, 0n, 0n]] as const),
    ...Object.entries(FLAGS).map(([name, flag]) => [name as Feature, [SET_MODE_FILTER, flag, 0n]] as const),
  ];
  const [main, x32, i386] = probeKernel([
    { programs: [allow], calls: questions.map(([, args]) => ({ nr, args })) },
    // Each of the others may end its child: a kernel without them has no such entry.
    ...(isX86
      ? [
          { programs: [allow], calls: [{ nr: X32_SYSCALL_BIT + X86_GETPID.native, args: [] }] },
          { programs: [allow], calls: [{ nr: X86_GETPID.i386, args: [], compat: true }] },
        ]
      : []),
  ]);
  const installed = main?.installs[0];
  if (installed !== 0) {
    const how = installed === undefined ? 'its child did not live to tell' : `errno ${-installed}`;
    return { asked: false, why: `this process may not install filters (${how})` };
  }
  const features = new Map(questions.map(([name], i) => [name, main?.results[i] === EFAULT]));
  const serves = (answer: typeof x32) => {
    const result = answer?.results[0];
    return result !== undefined && result !== ENOSYS;
  };
  return { asked: true, features, x32: isX86 ? serves(x32) : undefined, i386: isX86 ? serves(i386) : undefined };
}

export interface KernelSettings {
  /** Names as in /proc, 'kill_process' ...; undefined where it is not shown. Since Linux 4.14. */
  readonly actions: readonly string[] | undefined;
  readonly logged: readonly string[] | undefined;
  /** net.core.bpf_jit_enable and bpf_jit_harden. */
  readonly jit: number | undefined;
  readonly jitHarden: number | undefined;
}

export function kernelSettings(): KernelSettings {
  const words = (path: string) => readProc(path)?.trim().split(/\s+/).filter(Boolean);
  const number = (path: string) => {
    const text = readProc(path)?.trim();
    return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
  };
  return {
    actions: words('/proc/sys/kernel/seccomp/actions_avail'),
    logged: words('/proc/sys/kernel/seccomp/actions_logged'),
    jit: number('/proc/sys/net/core/bpf_jit_enable'),
    jitHarden: number('/proc/sys/net/core/bpf_jit_harden'),
  };
}
