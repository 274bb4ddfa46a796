/** elf-tools has no types. These are the parts that executable.ts uses, as its README states them. */
declare module 'elf-tools' {
  interface BuildOptions {
    readonly code: Buffer;
    readonly rodata?: Buffer;
    readonly elf_header?: Readonly<Record<string, string | number>>;
  }
  const elfTools: { build(options: BuildOptions): Buffer };
  export default elfTools;
}
