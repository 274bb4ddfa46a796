export interface Group {
  readonly headers: string;
  readonly take: RegExp;
  readonly skip?: RegExp;
}
export function hasCompiler(command: string): boolean;
export function includesOf(group: Group): string;
export function withCompiler<T>(
  command: string,
  body: (
    gcc: (flags: readonly string[], input: string) => { readonly status: number | null; readonly stderr: string },
  ) => T,
): T;
export function extractSymbols(command: string): Map<string, number>;
