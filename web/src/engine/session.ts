/** What the engine knows of the input looked at last, and its answers to what is asked about it. */

import { CONSTANTS, isGeneric, parametersOf } from '../../../src/arch/constants.ts';
import { ARCHES, type Arch, syscallNames } from '../../../src/arch/index.ts';
import { encodeProgram, list } from '../../../src/bpf/index.ts';
import { fail } from '../../../src/diag/index.ts';
import { FORMATS } from '../../../src/formats/index.ts';
import { edited } from '../../../src/lint/edit.ts';
import { fixProfile } from '../../../src/lint/index.ts';
import { sha256 } from '../../../src/num/index.ts';
import { Judge } from '../../../src/prove/index.ts';
import { costOf, rowsOf, type Tree, treeOf } from '../../../src/view/index.ts';
import type { About, Ask, Asks, Finding, Menu, Parts, Program, Table } from '../protocol.ts';
import { compared } from './compared.ts';
import { downloaded, embedded } from './files.ts';
import { resolveOptions, tryable } from './options.ts';
import { proofShown } from './proof.ts';
import { replayed } from './replayed.ts';
import { shown } from './shown.ts';
import { type Breathe, editorText, readSubject, type Subject } from './subject.ts';
import { treeShown } from './tree.ts';
import { tried } from './tried.ts';

declare const SECCOMPC_VERSION: string;

export const MENU: Menu = {
  version: SECCOMPC_VERSION,
  arches: [...ARCHES.keys()],
  calls: syscallNames(),
  formats: [
    { name: 'raw', about: 'the sock_filter records: what bwrap --seccomp and seccomp(2) take', ofProgram: true },
    { name: 'asm', about: 'assembler text, which this page and seccompc read back', ofProgram: true },
    { name: 'json', about: 'the records as JSON', ofProgram: true },
    ...[...FORMATS]
      // bwrap's is the raw program; a loader is of no filter.
      .filter(([name, { kind }]) => name !== 'bwrap' && kind !== 'loader')
      .map(([name, { about, kind }]) => ({ name, about, ofProgram: kind === 'program' })),
  ],
};

interface Looked {
  readonly subject: Subject;
  readonly options: Asks['analyse']['ask']['options'];
  readonly tree?: Tree | undefined;
}

export class Session {
  #looked: Looked | undefined;
  readonly #breathe: Breathe;

  constructor(breathe: Breathe) {
    this.#breathe = breathe;
  }

  get #subject(): Subject {
    return this.#looked?.subject ?? fail({ code: 'USAGE', message: 'nothing has been looked at yet' });
  }

  /** @throws SeccompcError and whatever goes wrong */
  async answer(ask: Ask, part: (part: Partial<Parts>) => void): Promise<Asks[keyof Asks]['answer']> {
    switch (ask.kind) {
      case 'analyse':
        await this.#analyse(ask, part);
        return null;
      case 'try':
        return tried(this.#subject, ask, this.#looked?.tree);
      case 'parameters':
        return parameters(ask.call, ask.arch);
      case 'compare':
        return compared(this.#subject, await readSubject(ask.given, ask.options, this.#breathe, this.#subject.arches));
      case 'mend':
        return this.#mend(ask.which);
      case 'kind':
        return (await readSubject(ask.given, ask.options, this.#breathe)).kind;
      case 'download':
        return downloaded(this.#subject, ask.format);
      case 'embed':
        return embedded(this.#subject, this.#looked?.options, ask);
      case 'replay':
        return replayed(this.#subject, ask, this.#breathe);
      default:
        return ask satisfies never;
    }
  }

  async #analyse({ given, options }: Asks['analyse']['ask'], part: (part: Partial<Parts>) => void): Promise<void> {
    this.#looked = undefined;
    const subject = await readSubject(given, options, this.#breathe);
    const { program } = subject;
    const tree = program && treeOf(program);
    this.#looked = { subject, options, tree };
    part({
      about: aboutOf(subject),
      findings: findingsOf(subject),
      proof: proofShown(subject),
      program: programOf(subject, tree),
    });
    await this.#breathe();
    if (program === undefined || tree === undefined) return;
    part({ tree: treeShown(tree) });
    const judge = new Judge(subject.policy ?? program);
    const tables: Table[] = [];
    for (const arch of subject.arches) {
      await this.#breathe();
      tables.push({ arch: arch.name, rows: rowsOf(arch, judge, subject.policy) });
      part({ tables: [...tables] });
    }
  }

  #mend(which: number | 'all'): Asks['mend']['answer'] {
    const { findings, text, name } = this.#subject;
    if (text === undefined) return fail({ code: 'USAGE', message: 'only a text can be mended' });
    if (which === 'all') {
      const { onConflict: _, ...options } = resolveOptions((this.#looked as Looked).options);
      const { text: mended, made } = fixProfile(text, { ...options, file: name });
      return { text: mended, made: made.map((f) => f.fix?.title ?? f.code) };
    }
    const finding = findings[which];
    const fix = finding !== undefined && 'fix' in finding ? finding.fix : undefined;
    if (fix === undefined) return fail({ code: 'USAGE', message: 'there is no such fix' });
    return { text: edited(text, fix.edits), made: [fix.title] };
  }
}

function aboutOf(subject: Subject): About {
  const { kind, what, arches, endian, notes } = subject;
  const embeddedText = subject.text === undefined ? editorText(subject) : undefined;
  return {
    kind,
    what,
    arches: arches.map(({ name }) => name),
    tryable: tryable(arches, endian),
    notes,
    ...(embeddedText !== undefined && { embedded: embeddedText }),
  };
}

function findingsOf(subject: Subject): readonly Finding[] {
  return subject.findings.map((d) => shown(d, editorText(subject)));
}

function programOf({ insns, endian, program, arches }: Subject, tree: Tree | undefined): Program {
  const bytes = program?.bytes ?? encodeProgram(insns, endian);
  const tests = new Map(
    [...(tree?.nodes.values() ?? [])].map((n) => (n.kind === 'test' ? [n.jump, n] : [-1, undefined])),
  );
  const lines = list(insns, endian).map(({ pc, isTarget, text, comment }) => {
    const test = tests.get(pc);
    const said = test === undefined ? comment : `${test.text}${test.note === '' ? '' : ` (${test.note})`}`;
    return { pc, label: isTarget ? `L${pc}` : '', text, comment: said };
  });
  const digest = [...sha256(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { lines, bytes: bytes.length, digest, ...(program && { cost: costOf(program, arches) }) };
}

function parameters(call: string, archName: string): Asks['parameters']['answer'] {
  const arch: Arch | undefined = [...ARCHES.values()].find(({ name }) => name === archName);
  if (arch === undefined) return [];
  return parametersOf(call, arch).map(({ name, family }) => ({
    name,
    constants:
      family === undefined || !isGeneric(family, arch)
        ? []
        : [...CONSTANTS.values()].filter((c) => c.family === family).map((c) => c.name),
  }));
}
