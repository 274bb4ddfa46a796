/** What the tests of this folder share: tools by name, a folder for executables, and the smallest ELF editor. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why a tool cannot be used, or undefined when it can. */
export function absent(tool: string): string | undefined {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).error ? `${tool} is not installed` : undefined;
}

const folder: string = mkdtempSync(join(tmpdir(), 'seccompc-machine-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** Writes bytes to a new file of the private folder; executable by the owner. */
export function fileOf(bytes: Uint8Array | string): string {
  const path = join(folder, `file${files++}`);
  writeFileSync(path, bytes);
  chmodSync(path, 0o700);
  return path;
}

/** A path in the private folder where nothing is yet. */
export function freshPath(): string {
  return join(folder, `file${files++}`);
}

export interface Ran {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly error: Error | undefined;
}

/** Runs a program on bytes; its standard output as bytes. */
export function feed(
  command: string,
  args: readonly string[],
  input: Uint8Array,
): { readonly status: number | null; readonly bytes: Uint8Array } {
  const { status, stdout } = spawnSync(command, args, { input, maxBuffer: 2 ** 30, timeout: 120_000 });
  return { status, bytes: Uint8Array.from(stdout) };
}

/** `encoding` latin1 keeps bytes that are no text. */
export function run(command: string, args: readonly string[] = [], encoding: 'utf8' | 'latin1' = 'utf8'): Ran {
  const { status, signal, pid, stdout, stderr, error } = spawnSync(command, args, {
    encoding,
    timeout: 20_000,
  });
  return { status, signal, pid, stdout, stderr, error };
}

/** Why programs for this machine cannot be run here: not Linux, another CPU, or a folder mounted noexec. */
export function cannotRun(cpu: 'x64' | 'arm64'): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.arch !== cpu) return `this machine is ${process.arch}`;
  const { error } = run(fileOf('#!/bin/sh\n'));
  return error ? `no program can be started from ${tmpdir()}` : undefined;
}

/**
 * A 64-bit little-endian ELF with further sections: [old file] [data of each] [new .shstrtab] [new section headers].
 * Written apart from src/elf, from the gABI alone.
 */
export function withSections(
  elf: Uint8Array,
  added: readonly { readonly name: string; readonly data: Uint8Array; readonly size?: number }[],
): Uint8Array {
  const old = Buffer.from(elf);
  const shoff = Number(old.readBigUInt64LE(40));
  const shnum = old.readUInt16LE(60);
  const shstrndx = old.readUInt16LE(62);
  const headers = Buffer.from(old.subarray(shoff, shoff + 64 * shnum));
  const namesAt = Number(headers.readBigUInt64LE(64 * shstrndx + 24));
  const namesSize = Number(headers.readBigUInt64LE(64 * shstrndx + 32));
  let names = Buffer.from(old.subarray(namesAt, namesAt + namesSize));
  const parts = [old];
  const size = () => parts.reduce((sum, part) => sum + part.length, 0);
  const fresh = added.map(({ name, data, size: stated }) => {
    parts.push(Buffer.alloc((8 - (size() % 8)) % 8));
    const header = Buffer.alloc(64);
    header.writeUInt32LE(names.length, 0);
    header.writeUInt32LE(1, 4);
    header.writeBigUInt64LE(BigInt(size()), 24);
    header.writeBigUInt64LE(BigInt(stated ?? data.length), 32);
    header.writeBigUInt64LE(8n, 48);
    names = Buffer.concat([names, Buffer.from(`${name}\0`)]);
    parts.push(Buffer.from(data));
    return header;
  });
  headers.writeBigUInt64LE(BigInt(size()), 64 * shstrndx + 24);
  headers.writeBigUInt64LE(BigInt(names.length), 64 * shstrndx + 32);
  parts.push(names);
  parts.push(Buffer.alloc((8 - (size() % 8)) % 8));
  const newShoff = size();
  const out = Buffer.concat([...parts, headers, ...fresh]);
  out.writeBigUInt64LE(BigInt(newShoff), 40);
  out.writeUInt16LE(shnum + added.length, 60);
  return Uint8Array.from(out);
}

/** sock_filter records: u16 code, u8 jt, u8 jf, u32 k. */
export function records(
  insns: readonly (readonly [code: number, jt: number, jf: number, k: number])[],
  endian: 'little' | 'big' = 'little',
): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * insns.length));
  insns.forEach(([code, jt, jf, k], i) => {
    view.setUint16(8 * i, code, endian === 'little');
    view.setUint8(8 * i + 2, jt);
    view.setUint8(8 * i + 3, jf);
    view.setUint32(8 * i + 4, k >>> 0, endian === 'little');
  });
  return new Uint8Array(view.buffer);
}

export const ALLOW = 0x7fff0000;
export const KILL = 0x80000000;
export const errnoWord = (errno: number): number => 0x50000 | errno;

/** ld nr; for each call: jeq nr, ret word; at last ret allow. */
export function filterOf(
  words: ReadonlyMap<number, number>,
  otherwise: number = ALLOW,
  endian: 'little' | 'big' = 'little',
): Uint8Array {
  return records(
    [
      [0x20, 0, 0, 0],
      ...[...words].flatMap(([nr, word]) => [[0x15, 0, 1, nr] as const, [0x06, 0, 0, word] as const]),
      [0x06, 0, 0, otherwise],
    ],
    endian,
  );
}
