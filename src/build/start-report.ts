/** What start-check.ts found, in words: one diagnostic for what ends in the same way. */
import { type Arch, describeWord } from '../arch/index.ts';
import type { Code, Diagnostic, Severity } from '../diag/index.ts';
import type { Origin } from '../elf/index.ts';
import type { StartFinding } from './start-check.ts';

/** 'static musl', 'dynamic glibc, Go 1.19', 'Go, without a C library'. */
export function originText({ isDynamic, libc, language, goVersion }: Origin): string {
  const linkage = isDynamic ? 'dynamic' : 'static';
  const library = libc === undefined ? `${linkage}, of no C library that is known here` : `${linkage} ${libc}`;
  const version = goVersion === undefined ? '' : ` ${goVersion.join('.')}`;
  if (language === undefined) return library;
  const name = language === 'go' ? `Go${version}` : 'Rust';
  return libc === 'none' ? `${name}, without a C library` : `${library}, ${name}`;
}

const WHEN: Readonly<Record<StartFinding['when'], string>> = {
  start: "before the program's own code",
  run: 'while the program runs',
  end: 'at its end',
};

function kindOf({ when, consequence }: StartFinding): readonly [Code, Severity] {
  if (consequence === undefined) return ['ENFORCE_PARTLY', 'note'];
  return [when === 'end' ? 'ENFORCE_END' : 'ENFORCE_START', 'warning'];
}

function messageOf(group: readonly StartFinding[], abi: Arch): string {
  const { maker, when, consequence, word, denied } = group[0] as StartFinding;
  const names = group.map(({ call }) => call).join(', ');
  const [is, it] = group.length === 1 ? ['is', 'it'] : ['are', 'them'];
  const who = maker === undefined ? `a program calls ${it}` : `${maker} calls ${it}`;
  if (consequence === undefined) return `${names} ${is} allowed only with some arguments, and ${who} ${WHEN[when]}`;
  const how = denied === 'always' ? '' : ' with some arguments';
  return `${names} ${is} denied${how} (${describeWord(word, abi)}), and ${who} ${WHEN[when]}: ${consequence}`;
}

function helpOf({ versions }: StartFinding, origin: Origin): string {
  const measured = versions === undefined ? '' : `, as ${versions} do`;
  const why = origin.evidence.length === 0 ? '' : ` (${origin.evidence.join('; ')})`;
  return `the file is ${originText(origin)}${why}${measured}; --dry-run shows what a run of it needs`;
}

export function startDiagnostics(
  findings: readonly StartFinding[],
  origin: Origin,
  abi: Arch,
  file: string | undefined,
): readonly Diagnostic[] {
  const groups = new Map<string, StartFinding[]>();
  for (const finding of findings) {
    const { maker, when, denied, word, consequence } = finding;
    const key = [maker, when, denied, word, consequence].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()].map((group): Diagnostic => {
    const first = group[0] as StartFinding;
    const [code, severity] = kindOf(first);
    return { code, severity, file, message: messageOf(group, abi), help: helpOf(first, origin) };
  });
}
