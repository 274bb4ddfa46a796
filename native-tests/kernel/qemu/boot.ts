/** Boots a machine under qemu-system: a Debian kernel, one of our inits as its first process, its words on the console. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutTool } from '../../support.ts';
import { kernelImage } from './images.ts';
import type { Abi, Machine } from './machines.ts';

/** Why this machine cannot be started here; its kernel is downloaded if it has to be. */
export function machineAbsent({ compiler, qemu, image, abis, packages }: Machine): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  for (const tool of [qemu[0]!, compiler, ...abis.map((abi) => abi.compiler)]) {
    const why = withoutTool(tool);
    if (why !== undefined) return `${why}; Debian packages: ${packages}`;
  }
  const firmware = qemu.find((word) => word.startsWith('/') && !existsSync(word));
  if (firmware !== undefined) return `there is no ${firmware}; Debian packages: ${packages}`;
  const kernel = kernelImage(image);
  return 'why' in kernel ? kernel.why : undefined;
}

const FOLDER = join(process.cwd(), 'native-tests', 'kernel', 'qemu');
const WASI = join(process.cwd(), 'native-tests', 'wasi');
const WARNINGS = ['-std=gnu11', '-O2', '-static', '-Wall', '-Wextra', '-Werror'];

/** What a compiler makes of C sources. */
export function compiled(compiler: string, args: readonly string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'seccompc-qemu-'));
  try {
    const file = join(folder, 'out');
    const done = spawnSync(compiler, [...args, '-o', file], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${compiler}: ${done.error?.message ?? done.stderr}`);
    return Uint8Array.from(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An init as a static program of this machine; init.c needs the corpora of native-tests/wasi. */
function initProgram({ compiler }: Machine, source: 'init.c' | 'commands.c'): Uint8Array {
  const corpus = source === 'init.c' ? [`-I${WASI}`, join(WASI, 'corpus.c')] : [];
  return compiled(compiler, [...WARNINGS, join(FOLDER, source), ...corpus]);
}

/** caller.c for one ABI. gcc would make a call of memset of the loop that fills the answers: there is none. */
export function callerProgram({ compiler, flags = [] }: Abi): Uint8Array {
  const freestanding = ['-ffreestanding', '-nostdlib', '-fomit-frame-pointer', '-fno-stack-protector'];
  const more = ['-fno-tree-loop-distribute-patterns', '-Wl,-e,_start'];
  return compiled(compiler, [...WARNINGS, ...freestanding, ...more, ...flags, join(FOLDER, 'caller.c')]);
}

export interface InitFile {
  readonly name: string;
  /** Type and permission bits, octal as in stat(2). */
  readonly mode: number;
  readonly data?: Uint8Array;
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
}

/**
 * An initramfs archive: for each file a header of eight-digit hexadecimal fields, its name and its bytes, each padded to
 * four.
 * @see Linux Documentation/driver-api/early-userspace/buffer-format.rst
 */
export function cpio(files: readonly InitFile[]): Uint8Array {
  const parts: Buffer[] = [];
  const padded = (bytes: Uint8Array) => {
    parts.push(Buffer.from(bytes), Buffer.alloc((4 - (bytes.length % 4)) % 4));
  };
  [...files, { name: 'TRAILER!!!', mode: 0 }].forEach((file: InitFile, i) => {
    const { name, mode, data = new Uint8Array(0), device = [0, 0] } = file;
    // ino, mode, uid, gid, nlink, mtime, size, device of the file (2), device itself (2), length of the name, checksum
    const fields = [i + 1, mode, 0, 0, 1, 0, data.length, 0, 0, ...device, name.length + 1, 0];
    const header = `070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}`;
    padded(Buffer.from(`${header}${name}\0`, 'latin1'));
    padded(data);
  });
  return Buffer.concat(parts);
}

export interface Booted {
  /** What init printed behind "@ ", without its first and last line. */
  readonly lines: readonly string[];
  /** Release and machine, as uname says them. */
  readonly kernel: string;
  /** From the start of qemu to its end. */
  readonly seconds: number;
}

/** Boots the machine once. `words` go onto the kernel's command line, which makes NAME=VALUE the init's environment. */
export function boot(
  machine: Machine,
  source: 'init.c' | 'commands.c',
  files: readonly InitFile[],
  words: readonly string[] = [],
): Booted {
  const kernel = kernelImage(machine.image);
  if ('why' in kernel) throw new Error(kernel.why);
  const folder = mkdtempSync(join(tmpdir(), 'seccompc-qemu-'));
  try {
    const initrd = join(folder, 'initrd');
    const basis: readonly InitFile[] = [
      { name: 'dev', mode: 0o040755 },
      { name: 'dev/console', mode: 0o020600, device: [5, 1] },
      { name: 'init', mode: 0o100755, data: initProgram(machine, source) },
    ];
    writeFileSync(initrd, cpio([...basis, ...files]));
    const quiet = ['panic=-1', 'quiet', 'loglevel=0', 'rdinit=/init'];
    const append = [`console=${machine.console}`, ...quiet, machine.append ?? '', ...words].join(' ');
    const hardware = ['-m', '512', '-smp', '1', '-nographic', '-no-reboot', '-net', 'none'];
    const started = performance.now();
    const [command, ...model] = machine.qemu as readonly [string, ...string[]];
    const done = spawnSync(
      command,
      [...model, ...hardware, '-kernel', kernel.path, '-initrd', initrd, '-append', append],
      {
        encoding: 'latin1',
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 900_000,
        killSignal: 'SIGKILL',
        maxBuffer: 1 << 28,
      },
    );
    const text = done.stdout ?? '';
    const lines = text.split(/\r?\n/).flatMap((line) => (line.startsWith('@ ') ? [line.slice(2).trimEnd()] : []));
    if (lines.at(-1) !== 'end') {
      const tail = `${text.slice(-2000)}${done.stderr ?? ''}`;
      throw new Error(`${machine.name} stopped early (${done.error?.message ?? `status ${done.status}`}):\n${tail}`);
    }
    const [first, ...rest] = lines.slice(0, -1);
    return { lines: rest, kernel: first!.replace('kernel ', ''), seconds: (performance.now() - started) / 1000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
