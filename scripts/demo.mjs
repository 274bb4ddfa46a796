/**
 * `npm run demo`: the main job on this machine, with nothing but Node. Compiles a profile, puts the filter into a tiny
 * ELF that the project itself emits, runs it, and compares what this kernel did with what the interpreter predicted.
 * Ends with status 1 when they differ. Where the kernel cannot be asked, it shows the interpreter's answer and says so.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureDependencies, root } from './ensure.mjs';

ensureDependencies();
await ensureBuilt();
/** What the demo takes of the library, and the parts that emit its little program, which the package does not hand out. */
const PARTS = `
export { archOfNode, compile, describeWord, evaluate, findArch, parseProfile, resolvePolicy, run, syscallNumber } from './src/index.ts';
export { addSection } from './src/elf/index.ts';
export { actionOf, ACTION_NAMES, dataOf, errnoName } from './src/arch/index.ts';
export { DEMO_CALLS, demoProgram, REFUSED_STATUS } from './src/machine/demo-program.ts';
export { executable } from './src/machine/executable.ts';
`;
const bundle = join(root, 'build', `demo-${process.pid}.mjs`);
process.on('exit', () => rmSync(bundle, { force: true }));
const esbuild = await import('esbuild');
await esbuild.build({
  stdin: { contents: PARTS, resolveDir: root, loader: 'ts' },
  outfile: bundle,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
const {
  ACTION_NAMES,
  DEMO_CALLS,
  REFUSED_STATUS,
  actionOf,
  addSection,
  archOfNode,
  compile,
  dataOf,
  demoProgram,
  describeWord,
  errnoName,
  evaluate,
  executable,
  findArch,
  parseProfile,
  resolvePolicy,
  run,
  syscallNumber,
} = await import(pathToFileURL(bundle).href);

const SECTION = '.seccomp_rules';
const OWN_PROFILE = join('examples', 'demo', 'demo.seccomp.jsonc');
const CONTAINER_PROFILE = join('profiles', 'container-default.jsonc');
const ALLOW_ALL = '{ "defaultAction": "SCMP_ACT_ALLOW" }';

const colour = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
const paint = (code) => (text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const [bold, red, green] = [1, 31, 32].map(paint);
const say = (text = '') => process.stdout.write(`${text}\n`);

/** The machine's own ABI when the demo program exists for it; else x86_64, and the reason why it cannot run here. */
function chooseTarget() {
  const own = archOfNode(process.arch, endianness() === 'LE' ? 'little' : 'big');
  const emitted = own?.name === 'x86_64' || own?.name === 'aarch64';
  const target = emitted ? own : findArch('x86_64');
  if (process.platform !== 'linux') return { target, cannotRun: `this is ${process.platform}, not Linux` };
  if (!emitted) return { target, cannotRun: `the demo program is not made for ${process.arch} yet` };
  return { target };
}

function compiled(text, file, target) {
  const policy = resolvePolicy(parseProfile(text, { file }), { arches: [target.name] });
  return { file, policy, program: compile(policy) };
}

/** The u32 result word of each demo call, from the interpreter; the policy's own meaning must be the same. */
function predict({ policy, program }, target) {
  return DEMO_CALLS.map(({ name, args }) => {
    const all = [...args, 0, 0, 0, 0, 0, 0].slice(0, 6).map(BigInt);
    const data = { nr: syscallNumber(target, name), arch: target.audit, instructionPointer: 0n, args: all };
    const word = run(program, data);
    if (word !== evaluate(policy, data)) throw new Error(`${name}: the program and the policy differ`);
    return word;
  });
}

/** What the program must print for a call with this verdict; `free` is the answer that it got with nothing denied. */
function expected(word, name, free, pid) {
  switch (ACTION_NAMES.get(actionOf(word))) {
    case 'ERRNO':
      return dataOf(word) === 0 ? '0' : failure(dataOf(word));
    case 'ALLOW':
    case 'LOG':
      return name === 'getpid' ? String(pid) : free;
    case 'TRACE':
    case 'USER_NOTIF':
      return failure(38);
    default:
      return undefined;
  }
}

/** As the demo program prints it. */
function failure(errno) {
  const name = { 1: 'EPERM', 38: 'ENOSYS' }[errno];
  return name ? `-1 ${name} (${errno})` : `-1 errno ${errno}`;
}

function answersOf(ran) {
  const found = new Map([...ran.stdout.matchAll(/^(\w+)\(.*?\) -> (.*)$/gm)].map((m) => [m[1], m[2]]));
  return DEMO_CALLS.map(({ name }) => found.get(name));
}

/** A fresh private folder (0700) from which `bare` can be started: the system's, or build/ where that is noexec. */
function startableFolder(bare) {
  const refusals = [];
  for (const parent of [tmpdir(), join(root, 'build')]) {
    try {
      mkdirSync(parent, { recursive: true });
      const folder = mkdtempSync(join(parent, 'seccompc-demo-'));
      process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
      const path = join(folder, 'bare');
      writeExecutable(path, bare);
      const ran = start(path);
      if (!ran.error) return { folder, path, ran, refusals };
      refusals.push(`${parent}: ${ran.error.code === 'EACCES' ? 'mounted noexec' : ran.error.code}`);
    } catch (error) {
      refusals.push(`${parent}: ${error.code ?? error.message}`);
    }
  }
  return { refusals };
}

function writeExecutable(path, bytes) {
  writeFileSync(path, bytes, { flag: 'wx', mode: 0o700 });
  chmodSync(path, 0o700);
}

function start(path) {
  return spawnSync(path, [], { encoding: 'utf8', timeout: 20_000, env: {} });
}

function row(...cells) {
  const widths = [34, 18, 22];
  say(`     ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('')}`.trimEnd());
}

/** Runs `bare` with this filter in its section. */
function confine(bare, folder, name, program) {
  const path = join(folder, name);
  const bytes = addSection(bare, { name: SECTION, data: program.bytes });
  writeExecutable(path, bytes);
  return { ...start(path), size: bytes.length };
}

/** Prints the table and returns how many answers were not as predicted; `free` holds those of an unconfined run. */
function compare(words, ran, free) {
  const answers = answersOf(ran);
  row('call', 'the filter says', 'the kernel answered');
  let wrong = 0;
  DEMO_CALLS.forEach(({ name, shown }, i) => {
    const wanted = expected(words[i], name, free[i], ran.pid);
    const good = wanted !== undefined && answers[i] === wanted;
    if (!good) wrong += 1;
    const verdict = good ? green('as predicted') : red(`predicted: ${wanted ?? 'the program is killed'}`);
    row(shown, describeWord(words[i]), answers[i] ?? 'nothing', verdict);
  });
  if (ran.status !== 0) {
    say(red(`     it ended with ${ran.signal ?? `status ${ran.status}`}: ${ran.stderr.trim()}`));
    wrong += 1;
  }
  return wrong;
}

function describe(step, { file, program }, target) {
  say(`${bold(step)} ${file} -> ${program.insns.length} BPF instructions for ${target.name}`);
}

function next(target) {
  say('\nNext, with a profile and a binary of yours:');
  say('     node dist/seccompc.mjs build profiles/no-network.jsonc --into ./app -o ./app-with-rules');
  say('     node dist/seccompc.mjs inspect ./app-with-rules');
  say(`     node dist/seccompc.mjs explain ${CONTAINER_PROFILE} unshare 0x10000000 --arch ${target.name}`);
}

/** Where the kernel cannot be asked: the interpreter's answers, said to be just that. */
function interpreterOnly(profiles, target, why) {
  say(`\n${bold('The kernel was not asked:')} ${why}.`);
  say('What the interpreter says that Linux does with these filters:');
  for (const profile of profiles) {
    say(`  ${profile.file} (${target.name})`);
    const words = predict(profile, target);
    for (const [i, { shown }] of DEMO_CALLS.entries()) row(shown, describeWord(words[i]));
  }
  next(target);
  return 0;
}

/** Why a program that carries an allow-all filter did not start: the sentence for the reader. */
function whyNotInstalled(ran) {
  const errno = Number(/errno (\d+)\s*$/.exec(ran.stderr)?.[1]);
  if (errno === 38)
    return 'it has no seccomp(2): an old kernel, one built without it, or a user-mode emulator (ENOSYS)';
  if (Number.isInteger(errno)) {
    const name = errnoName(errno) ?? errno;
    return `it does not let a program install a filter here (${name}); a container or sandbox around this shell forbids it`;
  }
  return `the program did not run: ${ran.error?.code ?? ran.signal ?? `status ${ran.status}`} ${ran.stderr ?? ''}`.trim();
}

function main() {
  const { target, cannotRun } = chooseTarget();
  const files = [OWN_PROFILE, CONTAINER_PROFILE].filter((file) => existsSync(join(root, file)));
  const profiles = files.map((file) => compiled(readFileSync(join(root, file), 'utf8'), file, target));
  const [own, ...others] = profiles;

  say(bold('seccompc: a seccomp profile becomes a filter inside a binary, and the kernel enforces it\n'));
  const code = demoProgram(target.name);
  const bare = executable(target, code);
  say(
    `${bold('1. emit')}    a static ELF of ${bare.length} bytes (${code.bytes.length} of ${target.name} code and text), no compiler involved`,
  );
  say(`           it installs the filter in its own ${SECTION} section, then makes ${DEMO_CALLS.length} calls`);
  if (cannotRun) return interpreterOnly(profiles, target, cannotRun);

  const place = startableFolder(bare);
  if (!place.folder)
    return interpreterOnly(profiles, target, `no program can be started from ${place.refusals.join('; ')}`);
  for (const refusal of place.refusals) say(`           (not in ${refusal})`);
  let wrong = 0;
  const refusedToStart = place.ran.status === REFUSED_STATUS && place.ran.stdout === '';
  if (!refusedToStart) wrong += 1;
  say(
    `           without the section it ends with status ${place.ran.status}: ${refusedToStart ? green('it refuses to start') : red('it should refuse')}`,
  );

  const free = confine(bare, place.folder, 'free', compiled(ALLOW_ALL, 'allow-all', target).program);
  if (free.status !== 0)
    return wrong + interpreterOnly(profiles, target, `Linux ${release()}: ${whyNotInstalled(free)}`);

  describe('2. compile', own, target);
  const confined = confine(bare, place.folder, 'confined', own.program);
  say(
    `${bold('3. inject')}  ${own.program.bytes.length} bytes into ${SECTION}; the file grows to ${confined.size} bytes`,
  );
  say(`${bold('4. run')}     on this kernel, Linux ${release()}`);
  const words = predict(own, target);
  wrong += compare(words, confined, answersOf(free));
  if (!words.some((word) => ACTION_NAMES.get(actionOf(word)) === 'ERRNO')) wrong += 1;
  for (const other of others) {
    describe('5. swap   ', other, target);
    wrong += compare(predict(other, target), confine(bare, place.folder, 'swapped', other.program), answersOf(free));
  }

  if (wrong === 0)
    say(`\n${green('This kernel did what the interpreter predicted')}, with nothing installed but Node.`);
  else say(`\n${red(`${wrong} answers were not as predicted: please report this, with the output above.`)}`);
  next(target);
  return wrong === 0 ? 0 : 1;
}

process.stdout.on('error', (error) => {
  // `npm run demo | head`: the reader has left; the exit status still says how it went.
  if (error.code !== 'EPIPE') throw error;
});
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
process.exitCode = main();
