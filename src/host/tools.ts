/** Which of several programs there are, and what they say of their version. */
import { execFile } from 'node:child_process';
import { SeccompcError } from '../diag/index.ts';
import { absolutePath, findCommand } from './run-command.ts';

export interface Tool {
  readonly name: string;
  /** Undefined where it is not found. */
  readonly path: string | undefined;
  /** Undefined where it does not say. Text from outside. */
  readonly version: string | undefined;
  /** Why there is no version although there is a program. */
  readonly fault?: string | undefined;
}

/** One that asks something of somebody else (a daemon) must not keep us. */
const TIME_LIMIT = 5000;

function pathOf(name: string): { readonly path?: string; readonly fault?: string } {
  try {
    return { path: findCommand(name, absolutePath()) };
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    const [first] = error.diagnostics;
    return first?.code === 'COMMAND_UNABLE' ? { fault: first.message } : {};
  }
}

/** Runs `NAME FLAG` of each, all at once. Never throws. */
export function toolsThere(wanted: readonly (readonly [name: string, flag: string])[]): Promise<readonly Tool[]> {
  return Promise.all(
    wanted.map(([name, flag]) => {
      const { path, fault } = pathOf(name);
      if (path === undefined) return Promise.resolve({ name, path, version: undefined, fault });
      return new Promise<Tool>((resolve) => {
        const options = {
          timeout: TIME_LIMIT,
          killSignal: 'SIGKILL',
          maxBuffer: 1 << 20,
          env: { ...process.env, LC_ALL: 'C' },
        } as const;
        execFile(path, [flag], options, (error, stdout) => {
          const version = /\d+\.\d+[\w.+~-]*/.exec(stdout)?.[0];
          const why =
            error === null
              ? undefined
              : error.killed
                ? 'it did not answer'
                : `it failed (${error.code ?? error.signal})`;
          resolve({ name, path, version, ...(version === undefined && why !== undefined && { fault: why }) });
        });
      });
    }),
  );
}
