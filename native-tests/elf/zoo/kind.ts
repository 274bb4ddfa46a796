/** A kind of ELF file: how it is made, how it is run, and what each verb is expected to do with it. */
import { chmodSync, copyFileSync, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { InjectOptions } from '../../../src/elf/index.ts';
import { withoutI386, withoutTool } from '../../support.ts';
import { must, type RunOptions } from '../tools.ts';

/** How a file shows that it still works. */
export type Use =
  /** Run it: itself, or under an emulator. `status` is what the untouched file ends with. */
  | {
      readonly kind: 'run';
      readonly under: readonly string[];
      readonly args: readonly string[];
      readonly status: number;
    }
  /** Use it in a command that has to end with 0. `scratch` is a path to write to. */
  | { readonly kind: 'use'; readonly command: (file: string, scratch: string) => readonly string[] }
  | { readonly kind: 'none'; readonly why: string };

export interface Kind {
  /** Unique; the name of the file in `npm run zoo`. */
  readonly name: string;
  /** Programs, or files of packages by their absolute paths, without which it is skipped. */
  readonly needs: readonly string[];
  /** Makes the file; other files go into `scratch`, an empty folder. */
  readonly make: (file: string, scratch: string) => void;
  readonly use: Use;
  /** programs/hello.c: asked in the right way, it reports what it finds in its own memory. */
  readonly reports?: boolean;
  /** Prefix of the binutils that can read and write the machine; undefined when none here can. */
  readonly binutils?: string | undefined;
  /** The code of the refusal, where one is expected. */
  readonly refused?: { readonly append?: string; readonly load?: string };
  /** The same when the program headers have to move, for a kind that has one to spare. */
  readonly refusedMoved?: string;
  /** For both verbs. */
  readonly options?: InjectOptions;
  /** The code with which both verbs refuse when the options are left out. */
  readonly refusedWithoutOptions?: string;
  /** The last bytes of the file that move to the end of the new one; all others keep their place. */
  readonly trailer?: number;
}

const PROGRAMS = 'native-tests/elf/zoo/programs';

/** The path of a source file; absolute, since some compilers run elsewhere. */
export function program(name: string): string {
  return join(process.cwd(), PROGRAMS, name);
}

/** Why a kind cannot be made; undefined when it can. */
export function withoutNeeds(needs: readonly string[]): string | undefined {
  const lacks = (need: string) =>
    need.startsWith('/') ? (existsSync(need) ? undefined : `there is no ${need}`) : withoutTool(need);
  return needs.map(lacks).find((why) => why !== undefined);
}

export function runs(args: readonly string[] = ['x'], status = 7): Use {
  return { kind: 'run', under: [], args, status };
}

/** `sysroot` holds the loader and the libraries of a dynamic program. */
export function runsUnder(qemu: string, sysroot?: string): Use {
  return { kind: 'run', under: sysroot ? [qemu, '-L', sysroot] : [qemu], args: ['x'], status: 7 };
}

/** By this kernel where it runs i386 programs. */
export function runsI386(): Use {
  return withoutI386() === undefined ? runs() : runsUnder('qemu-i386-static', '/usr/i686-linux-gnu');
}

/** Links an object and runs the result. */
export function linksBy(...linker: readonly string[]): Use {
  const script = `${linker.join(' ')} "$1" -o "$2" && { "$2" x; test $? = 7; }`;
  return { kind: 'use', command: (file, scratch) => ['sh', '-c', script, 'sh', file, scratch] };
}

/** `compiler source flags -o file`. */
export function compiles(compiler: string, source: string, flags: readonly string[] = []): Kind['make'] {
  return (file) => {
    must([compiler, program(source), '-o', file, ...flags]);
  };
}

/** Compilers that write their intermediate files where they run, or need a setting. */
export function inScratch(
  command: (file: string) => readonly string[],
  options: Pick<RunOptions, 'env'> = {},
): Kind['make'] {
  return (file, scratch) => {
    must(command(file), { ...options, cwd: scratch });
  };
}

/** A program of this name in PATH, or a file by its path; its copy. */
export function copies(name: string): Kind['make'] {
  return (file) => {
    const folders = (process.env.PATH ?? '').split(delimiter);
    const found = name.startsWith('/') ? name : folders.map((f) => join(f, name)).find((path) => existsSync(path));
    copyFileSync(found!, file);
    chmodSync(file, 0o755);
  };
}

/** programs/hello.c by a compiler of this machine. */
export function hello(name: string, compiler: string, flags: readonly string[] = [], more: Partial<Kind> = {}): Kind {
  return {
    name,
    needs: [compiler],
    make: compiles(compiler, 'hello.c', flags),
    use: runs(),
    reports: true,
    binutils: '',
    ...more,
  };
}
