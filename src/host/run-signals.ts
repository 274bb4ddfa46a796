/**
 * Signals on their way from this process to the command, and back.
 *
 * Both are in one process group. What a terminal sends goes to the whole group, so it is not sent on; what somebody sends
 * to this process alone is. Node does not say who sent a signal: one of those that terminals send counts as the
 * terminal's while the group is in its foreground. So SIGINT by kill(1) reaches a command in the background only.
 *
 * When the command stops, this process stops by the same signal, so that a shell's job control sees one job.
 */
import { constants } from 'node:os';
import { inForeground, stateOf } from './process-status.ts';

/** @see termios(3), ISIG; SIGWINCH when the window changes; SIGHUP when the terminal goes */
const BY_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGTSTP', 'SIGWINCH', 'SIGHUP'];
const BY_HAND: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGCONT'];

/** By a signal; what is traced then shows as stopped by its tracer. */
function isStopped(pid: number): boolean {
  return ['T', 't'].includes(stateOf(pid) ?? '');
}

export class Signals {
  #pid: number | undefined;
  /** Came before there was anyone to send them to. */
  readonly #early: NodeJS.Signals[] = [];

  readonly #passed: readonly NodeJS.Signals[];

  /** From now on this process ends and stops with the command alone; `leftAlone` act on it as on any. */
  constructor(leftAlone: readonly NodeJS.Signals[] = []) {
    this.#passed = [...BY_TERMINAL, ...BY_HAND].filter((signal) => !leftAlone.includes(signal));
    for (const signal of this.#passed) process.on(signal, this.#pass);
  }

  /** The command's process; what came before goes to it now. */
  startedAs(pid: number): void {
    this.#pid = pid;
    for (const signal of this.#early.splice(0)) this.#send(signal);
  }

  /** The command was stopped by this signal. It may go on already. */
  stopped(signal: number): void {
    if (this.#pid === undefined || !isStopped(this.#pid)) return;
    const name = [...BY_TERMINAL, ...BY_HAND].find((known) => constants.signals[known] === signal);
    if (name !== undefined) process.off(name, this.#pass);
    // This process stands still in here; by SIGTSTP and its like only where its group has a shell to wake it.
    process.kill(process.pid, signal);
    if (name !== undefined) process.on(name, this.#pass);
  }

  /** Signals act on this process again as they do on any. */
  release(): void {
    for (const signal of this.#passed) process.off(signal, this.#pass);
  }

  readonly #pass = (signal: NodeJS.Signals): void => {
    if (this.#pid === undefined) {
      if (signal !== 'SIGCONT') this.#early.push(signal);
      return;
    }
    if (signal === 'SIGCONT') {
      // A shell wakes the whole group, but the command may have made a group of its own.
      if (isStopped(this.#pid)) this.#send(signal);
    } else if (!BY_TERMINAL.includes(signal) || !inForeground()) this.#send(signal);
  };

  #send(signal: NodeJS.Signals): void {
    try {
      if (this.#pid !== undefined) process.kill(this.#pid, signal);
    } catch {
      // ESRCH: it has just ended.
    }
  }
}
