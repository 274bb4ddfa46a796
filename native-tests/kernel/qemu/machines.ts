/** Small machines under qemu-system: a Debian kernel, our init as its only process, answers over the serial console. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutTool } from '../../support.ts';
import { type Image, kernelImage } from './images.ts';

export interface Machine {
  readonly name: 's390x' | 'aarch64' | 'riscv64';
  readonly endian: 'little' | 'big';
  readonly compiler: string;
  readonly qemu: readonly string[];
  readonly console: string;
  readonly image: Image;
  /** How many bits of a shift count in X its machine code uses; interpreted filters use five. */
  readonly shiftBits: 5 | 6;
}

// biome-ignore format: a table
export const MACHINES: readonly Machine[] = [
  {
    name: 's390x', endian: 'big', compiler: 's390x-linux-gnu-gcc', console: 'ttysclp0', shiftBits: 6,
    qemu: ['qemu-system-s390x', '-M', 's390-ccw-virtio', '-cpu', 'max'],
    image: { debian: 's390x', suite: 'bookworm', meta: 'linux-image-s390x' },
  },
  {
    name: 'aarch64', endian: 'little', compiler: 'aarch64-linux-gnu-gcc', console: 'ttyAMA0', shiftBits: 5,
    qemu: ['qemu-system-aarch64', '-M', 'virt', '-cpu', 'cortex-a57'],
    image: { debian: 'arm64', suite: 'bookworm', meta: 'linux-image-cloud-arm64' },
  },
  {
    name: 'riscv64', endian: 'little', compiler: 'riscv64-linux-gnu-gcc', console: 'ttyS0', shiftBits: 5,
    qemu: ['qemu-system-riscv64', '-M', 'virt'],
    image: { debian: 'riscv64', suite: 'trixie', meta: 'linux-image-riscv64' },
  },
];

/** Why this machine cannot be started here; its kernel is downloaded if it has to be. */
export function machineAbsent({
  compiler,
  qemu,
  image,
}: Pick<Machine, 'compiler' | 'qemu' | 'image'>): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  const tool = withoutTool(qemu[0]!) ?? withoutTool(compiler);
  if (tool !== undefined) return tool;
  const kernel = kernelImage(image);
  return 'why' in kernel ? kernel.why : undefined;
}

const SOURCES = join(process.cwd(), 'native-tests');

/** init.c and the corpus as one static program of this machine. */
function buildInit(machine: Machine, path: string): Uint8Array {
  const wasi = join(SOURCES, 'wasi');
  const sources = [join(SOURCES, 'kernel', 'qemu', 'init.c'), join(wasi, 'corpus.c')];
  const flags = ['-std=gnu11', '-O2', '-static', '-Wall', '-Wextra', '-Werror', `-I${wasi}`];
  const done = spawnSync(machine.compiler, [...flags, ...sources, '-o', path], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${machine.compiler}: ${done.stderr}`);
  return readFileSync(path);
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
  readonly lines: readonly string[];
  readonly seconds: number;
}

/** Boots the machine once; the lines that init printed. `env` is its environment. */
export function boot(
  machine: Machine,
  folder: string,
  env: Readonly<Record<string, number>>,
  files: readonly InitFile[],
): Booted {
  const kernel = kernelImage(machine.image);
  if ('why' in kernel) throw new Error(kernel.why);
  const init = buildInit(machine, join(folder, 'init'));
  const initrd = join(folder, 'initrd');
  const basis: readonly InitFile[] = [
    { name: 'dev', mode: 0o040755 },
    { name: 'dev/console', mode: 0o020600, device: [5, 1] },
    { name: 'init', mode: 0o100755, data: init },
  ];
  writeFileSync(initrd, cpio([...basis, ...files]));
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const append = `console=${machine.console} panic=-1 quiet loglevel=0 rdinit=/init ${settings.join(' ')}`;
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
      maxBuffer: 1 << 26,
    },
  );
  const text = done.stdout ?? '';
  const lines = text.split(/\r?\n/).flatMap((line) => (line.startsWith('@ ') ? [line.slice(2).trimEnd()] : []));
  if (lines.at(-1) !== 'end') {
    const tail = `${text.slice(-2000)}${done.stderr ?? ''}`;
    throw new Error(`${machine.name} stopped early (${done.error?.message ?? `status ${done.status}`}):\n${tail}`);
  }
  return { lines, seconds: (performance.now() - started) / 1000 };
}
