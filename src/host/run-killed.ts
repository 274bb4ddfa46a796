/**
 * Which call a filter killed a process for. The kernel says so in its audit log alone: on /dev/kmsg, or in a file where
 * auditd takes it. Both may be closed to this process, and inside a pid namespace the numbers in it mean other processes.
 *
 *     audit: type=1326 audit(SECONDS.MS:SERIAL): auid=.. uid=.. gid=.. ses=.. pid=PID comm=".." exe=".." sig=31
 *         arch=HEX syscall=NR compat=0 ip=0xHEX code=0xHEX
 *
 * @see Linux v6.12 kernel/auditsc.c audit_seccomp(); AUDIT_SECCOMP is 1326
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { constants as system } from 'node:os';
import { codeOf } from './unwritable.ts';

export interface KilledCall {
  /** AUDIT_ARCH_*. */
  readonly arch: number;
  /** Unsigned, x32 with bit 30. */
  readonly nr: number;
  /** The filter's result word's action. */
  readonly action: number;
}

const KMSG = '/dev/kmsg';
const AUDIT_LOG = '/var/log/audit/audit.log';
/** A record of /dev/kmsg is shorter; one read gives one record. */
const KMSG_RECORD = 1 << 13;
/** Of the audit log only the end is looked at. */
const TAIL = 1 << 18;
export const SIGSYS: number = system.signals.SIGSYS;

/** Blanks and quotes in comm and exe are written as hexadecimal digits, so nothing in them looks like a field. */
const RECORD =
  /\b(?:type=1326|type=SECCOMP) .*?audit\((\d+)\.(\d+):\d+\):.* pid=(\d+) comm=\S+ exe=\S+ sig=(\d+) arch=([0-9a-f]+) syscall=(-?\d+) compat=\d ip=0x[0-9a-f]+ code=0x([0-9a-f]+)/;

/** What a line of the log says of this process since then (milliseconds of the clock). */
export function killedCallIn(line: string, pid: number, since: number): KilledCall | undefined {
  const found = RECORD.exec(line);
  if (found === null) return undefined;
  const [, seconds, milliseconds, who, signal, arch, nr, action] = found;
  const at = Number(seconds) * 1000 + Number(milliseconds);
  if (Number(who) !== pid || Number(signal) !== SIGSYS || at < since - 1) return undefined;
  return { arch: Number.parseInt(arch!, 16), nr: Number(nr) >>> 0, action: Number.parseInt(action!, 16) };
}

function* kernelLog(): Generator<string> {
  const fd = openSync(KMSG, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const record = Buffer.alloc(KMSG_RECORD);
    for (;;) {
      try {
        const got = readSync(fd, record);
        if (got === 0) return;
        yield record.toString('latin1', 0, got);
      } catch (error) {
        // EPIPE: the record was overwritten before it was read; the next one is there.
        if (codeOf(error) !== 'EPIPE') return;
      }
    }
  } finally {
    closeSync(fd);
  }
}

function* auditLog(): Generator<string> {
  const fd = openSync(AUDIT_LOG, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, TAIL));
    const got = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    yield* bytes.toString('latin1', 0, got).split('\n');
  } finally {
    closeSync(fd);
  }
}

/** A thread of the kernel's writes the log, after others that wait for it; milliseconds between looks. */
const PATIENCE = [0, 5, 20, 50, 100, 200, 400];

/** The last call that a filter killed this process for; undefined where that cannot be read. */
export async function killedCall(pid: number, since: number): Promise<KilledCall | undefined> {
  let last: KilledCall | undefined;
  let logs = [kernelLog, auditLog];
  for (const milliseconds of PATIENCE) {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    logs = logs.filter((log) => {
      try {
        for (const line of log()) last = killedCallIn(line, pid, since) ?? last;
        return true;
      } catch (error) {
        // ENOENT, EACCES, EPERM: there is no such log, or not for us.
        if (codeOf(error) === '') throw error;
        return false;
      }
    });
    if (last !== undefined || logs.length === 0) return last;
  }
  return undefined;
}
