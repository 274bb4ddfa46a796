/** Whether every thread of a process carries a filter, from what /proc says of each: this needs no privileges. */
import type { NewDiagnostic } from '../diag/index.ts';
import type { ThreadStatus } from '../host/process-status.ts';
import { type Mode, modeOf, withoutFilter } from './carried.ts';

const MOST_NAMED = 8;

/** '12, 13 ... (40 in all)'. */
export function threadList(tids: readonly number[]): string {
  if (tids.length <= MOST_NAMED) return tids.join(', ');
  return `${tids.slice(0, MOST_NAMED).join(', ')} ... (${tids.length} in all)`;
}

/** One finding for each way of not being confined. */
export function unconfined(threads: readonly ThreadStatus[]): readonly NewDiagnostic[] {
  const bare = (mode: Mode) => threads.filter((thread) => modeOf(thread) === mode);
  return [bare('none'), bare('strict')].flatMap((found): readonly NewDiagnostic[] => {
    const [first] = found;
    const diagnostic = first && withoutFilter(first);
    if (first === undefined || diagnostic === undefined) return [];
    if (found.length === 1) return [diagnostic];
    const what = diagnostic.code === 'PROCESS_STRICT' ? 'are in strict mode, without a filter' : 'carry no filter';
    const all = found.length === threads.length ? `all ${found.length} threads` : `${found.length} threads`;
    const named = found.length === threads.length ? '' : `: ${threadList(found.map(({ tid }) => tid))}`;
    return [{ ...diagnostic, message: `${all} of process ${first.pid} ${what}${named}` }];
  });
}

/** True or false where all threads agree; undefined for kernels before 4.10. One that lacks it counts. */
export function noNewPrivs(threads: readonly ThreadStatus[]): boolean | undefined {
  if (threads.some((thread) => thread.noNewPrivs === false)) return false;
  return threads.some((thread) => thread.noNewPrivs === undefined) ? undefined : true;
}

/** A filter stays in force without no_new_privs; whoever starts a set-user-ID program still gains its privileges. */
export function withoutNoNewPrivs(all: readonly ThreadStatus[], isRequired: boolean): readonly NewDiagnostic[] {
  const threads = all.filter((thread) => isRequired || modeOf(thread) === 'filter');
  const state = noNewPrivs(threads);
  if (state === true || (state === undefined && !isRequired)) return [];
  const severity = isRequired ? 'error' : 'warning';
  const pid = threads[0]?.pid;
  if (state === undefined) {
    const message = `this kernel does not say whether process ${pid} has no_new_privs set`;
    return [{ code: 'KERNEL_UNABLE', message, help: '/proc/PID/status says it since Linux 4.10' }];
  }
  const lacking = threads.filter((thread) => thread.noNewPrivs === false).map(({ tid }) => tid);
  return [
    {
      code: 'PROCESS_PRIVILEGES_NEW',
      severity,
      message: `no_new_privs is not set in ${lacking.length === threads.length ? `process ${pid}` : `threads ${threadList(lacking)} of process ${pid}`}: set-user-ID programs that it starts gain their privileges, under the same filters`,
      help: 'docker run --security-opt no-new-privileges, systemd NoNewPrivileges=yes, seccompc run and bwrap set it',
    },
  ];
}
