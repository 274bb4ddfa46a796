/**
 * The one hostile corpus through the command: as file names, comments of a profile, names of programs and calls in traces,
 * lines that nobody understands. What comes out says it, and none of it acts on a terminal or a CI runner, forges a line,
 * or leaves its string.
 */
import { parse as parseJsonc } from 'jsonc-parser';
import { SaxesParser } from 'saxes';
import * as assert from 'uvu/assert';
import { noted } from '../build/files.ts';
import { suite } from '../suite.ts';
import { HOSTILE, MARK, OBEYED, RAW } from '../support/hostile.ts';
import { file, seccompc } from './command.ts';

/** Bytes of a file name, with room for what is put behind it. */
const MOST_NAME = 220;
const SHORTEST = 40;

/** The corpus as file names, several in each; every text is the beginning of one, where a line may begin. */
function fileNames(): readonly string[] {
  const names: string[] = [];
  for (const hostile of HOSTILE) {
    const text = [...hostile.replace(/[\0/\p{Surrogate}]/gu, '_')].slice(0, SHORTEST + MARK.length).join('');
    const last = names.at(-1);
    const joined = `${last}${text}`;
    if (last !== undefined && Buffer.byteLength(joined) <= MOST_NAME && !/^(?:::|##)/.test(text))
      names[names.length - 1] = joined;
    else names.push(text);
  }
  return names;
}

const profileText = (comment: string, nr: number) => `{ "defaultAction": "SCMP_ACT_ALLOW",
  "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
    { "names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": ${nr}, "comment": ${JSON.stringify(comment)} }] }`;

/** Calls whose program, name and surroundings are hostile, as our own lines; one line of each text is no call at all. */
const TRACE = HOSTILE.flatMap((text, i) => [
  JSON.stringify({ call: 'socket', arch: 'x86_64', args: [i], tid: i + 1, pid: i + 1, comm: text, exe: text }),
  JSON.stringify({ call: text, tid: i + 1, comm: text }),
  text,
]).join('\n');

type Row = readonly [args: readonly string[], status: number, judge: (stdout: string) => void];

const harmless = (text: string) => {
  assert.not.match(text, RAW);
  assert.not.match(text, OBEYED);
};
function parsesAsXml(text: string): void {
  harmless(text);
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(text).close();
}

/** Every line is a command of ours, or begins as one of the log that GitHub would not show as such. */
const ourCommands = (text: string) => {
  assert.not.match(text, RAW);
  for (const line of text.trimEnd().split('\n')) {
    assert.match(line, /^(?:::(?:error|warning|notice) [a-z]+=|(?:error|warning|notice): )/);
    if (!line.startsWith('::')) assert.not.match(line, OBEYED);
  }
};
const parsesAsJson = (text: string) => {
  harmless(text);
  assert.ok(JSON.stringify(JSON.parse(text)).includes(MARK));
};

const parsesAsProfile = (text: string) => {
  harmless(text);
  assert.ok(Array.isArray(parseJsonc(text).syscalls));
};

suite('cli/hostile', (test) => {
  for (const [i, name] of fileNames().entries()) {
    const profile = file(`${name}.json`, profileText(HOSTILE.join(), 1));
    const other = file(`${name}.2.json`, profileText(HOSTILE.join(), 2));
    const trace = file(`${name}.jsonl`, TRACE);
    const forPeople: readonly Row[] = [
      [['replay', profile, trace], 1, harmless],
      [['replay', profile, trace, '--format', 'github'], 1, ourCommands],
      [['learn', trace, '--arch', 'x86_64', '--name', name], 0, parsesAsProfile],
      [['explain', profile, 'socket'], 0, harmless],
      [['diff', profile, other], 1, harmless],
      [['diff', profile, other, '--format', 'markdown'], 1, harmless],
      [['merge', profile, other], 0, parsesAsProfile],
    ];
    // What of a name goes in there, test/report asks for every text.
    const forPrograms: readonly Row[] = [
      [['replay', profile, trace, '--format', 'json'], 1, parsesAsJson],
      [['replay', profile, trace, '--format', 'sarif'], 1, parsesAsJson],
      [['replay', profile, trace, '--format', 'junit'], 1, parsesAsXml],
      [['replay', profile, trace, '--format', 'html'], 1, harmless],
      [['explain', profile, 'socket', '--json'], 0, parsesAsJson],
      [['diff', profile, other, '--format', 'json'], 1, parsesAsJson],
    ];
    // A name in the middle of a line does there what every text of the trace does.
    const beginsLine = /^(?:::|##)/.test(name);
    const rows = i === 0 ? [...forPeople, ...forPrograms] : forPeople.slice(0, beginsLine ? undefined : 3);
    test(`file names ${i}: ${JSON.stringify(name.slice(0, 50))}`, () => {
      for (const [args, status, judge] of rows) {
        const r = seccompc(args);
        const what = `${args[0]} ${args.slice(3).join(' ')}: ${r.stderr.slice(0, 500)}`;
        assert.is(r.status, status, what);
        harmless(r.stderr);
        try {
          judge(r.stdout);
        } catch (error) {
          (error as Error).message = `${what}: ${(error as Error).message}`;
          throw error;
        }
        assert.not.match(r.stderr, /\n {4}at |seccompc has a bug/);
      }
    });
  }

  for (const [i, name] of fileNames().entries()) {
    test(`an ELF file ${i}: what its note and its section names say`, () => {
      const words = i === 0 ? HOSTILE.join('').replace(/\p{Surrogate}/gu, '') : name;
      const path = file(`${name}.elf`, noted({ profileName: words, toolVersion: words }, { section: name }));
      for (const args of i === 0 ? [[], ['--json'], ['--section', name]] : [[]]) {
        const { stdout, stderr } = seccompc(['inspect', path, ...args]);
        harmless(stdout);
        harmless(stderr);
        assert.ok((stdout + stderr).includes(MARK));
        if (args[0] === '--json') parsesAsJson(stdout);
        assert.not.match(stderr, /\n {4}at |seccompc has a bug/);
      }
    });
  }
});
