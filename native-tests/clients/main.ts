/**
 * `npm run test:clients [-- --install] [NAME...]`: every client, or those whose names hold a word, from end to end; one
 * table. `--install` first installs the Debian packages that are missing. SECCOMPC_SEED repeats the random profiles.
 * Exit status 1 when something is not as it should be, 3 when no client could be tried.
 */
import { spawnSync } from 'node:child_process';
import { withoutTool } from '../support.ts';
import type { Client } from './client.ts';
import { judgeDialect, type Tally } from './dialect.ts';
import { CLIENTS } from './each/all.ts';
import { BUBBLEWRAP } from './each/bwrap.ts';
import { CRUN, crun, RUNC, runc } from './each/oci.ts';
import type { Shown } from './judge.ts';
import { isLogged } from './logged.ts';
import { closePlaces } from './place.ts';
import { casesOf, Session, withoutClient } from './session.ts';

const RANDOM_PROFILES = 100;
const HEAD = ['client', 'version', 'handed over as', 'profile', 'denied', 'allowed', 'the kernel holds (bytes)'];
const WIDTHS = [14, 9, 38, 18, 36, 8];

const words = process.argv.slice(2).filter((word) => word !== '--install');
const clients = CLIENTS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
const notes: string[] = [];
const failures: string[] = [];
const skipped: string[] = [];
let rows = 0;
let interrupted = false;

const line = (...cells: readonly string[]) =>
  console.log(
    cells
      .map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0))
      .join(' ')
      .trimEnd(),
  );

/** The number of a note below the table. */
function noteNumber(text: string): number {
  if (!notes.includes(text)) notes.push(text);
  return notes.indexOf(text) + 1;
}

function deniedText({ denied }: Shown): string {
  const { number, argument, i386, x32 } = denied;
  const parts = { 'by number': number, 'by argument': argument, 'from i386': i386, 'from x32': x32 };
  return Object.entries(parts)
    .flatMap(([how, count]) => (count > 0 ? [`${count} ${how}`] : []))
    .join(', ');
}

function heldText({ held }: Shown): string {
  return held.but.length === 0 ? held.what : `${held.what}, but for [${noteNumber(held.but.join('; '))}]`;
}

function fail(what: string, error: unknown): void {
  failures.push(`${what}\n${error instanceof Error ? error.message : error}`.replace(/\n(?!$)/g, '\n    '));
}

async function tryClient(client: Client): Promise<void> {
  await Session.with(client, async (session) => {
    const version = await session.version();
    for (const one of casesOf(client)) {
      const title = `${client.name}, ${one.form.name}, ${one.profile.name}`;
      if (one.profile.absent !== undefined) {
        skipped.push(`${title}: ${one.profile.absent}`);
        continue;
      }
      rows += 1;
      try {
        const shown = await session.try(one);
        const cells = [deniedText(shown), String(shown.allowed), heldText(shown)];
        line(client.name, version, one.form.name, one.profile.name, ...cells);
      } catch (error) {
        if (interrupted) return;
        line(client.name, version, one.form.name, one.profile.name, 'FAILED');
        fail(title, error);
      }
    }
  });
}

function tallyText({ equal, equalBut, libseccompErrs, contradicting }: Tally): string {
  const parts = [
    `${equal} proved equal`,
    `${equalBut} but for what is known of libseccomp`,
    `${libseccompErrs} on which libseccomp contradicts itself`,
    `${contradicting} not tried, because their rules contradict each other`,
  ];
  return parts.join(', ');
}

/** Our reading of the dialect, judged by the runtimes that everything else here builds on. */
async function tryDialect(seed: number): Promise<void> {
  for (const [client, runtime] of [[CRUN, crun] as const, [RUNC, runc] as const]) {
    if (!clients.includes(client) || withoutClient(client) !== undefined) continue;
    const tally = await judgeDialect(client, runtime, RANDOM_PROFILES, seed);
    console.log(`${client.name}, ${RANDOM_PROFILES} random profiles (seed ${seed}): ${tallyText(tally)}`);
    for (const text of tally.wrong) fail(`${client.name}, a random profile (SECCOMPC_SEED=${seed})`, text);
  }
}

/** A logged call is seen from outside the container alone. */
async function tryLog(): Promise<void> {
  if (!clients.includes(BUBBLEWRAP) || withoutClient(BUBBLEWRAP) !== undefined) return;
  if (await isLogged()) console.log("bwrap, SCMP_ACT_LOG: the call is allowed, and the kernel's log has it");
  else skipped.push("bwrap, SCMP_ACT_LOG: the kernel's log shows no line of it (auditd may have taken it)");
}

/** Installs what Debian has and this machine has not. */
function install(): void {
  const wanted = clients.filter(({ programs }) => programs.some((name) => withoutTool(name) !== undefined));
  const packages = [...new Set(wanted.flatMap((client) => client.packages))];
  if (withoutTool('gcc') !== undefined) packages.push('gcc', 'libc6-dev');
  if (packages.length === 0) return;
  const apt = (...args: readonly string[]) =>
    spawnSync('apt-get', args, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  apt('update', '-qq');
  if (apt('install', '-y', '-qq', '--no-install-recommends', ...packages).status !== 0) process.exit(2);
}

/** What to do about a client that is not there. */
function remedy({ packages, programs }: Client): string {
  if (programs.every((name) => withoutTool(name) === undefined)) return '';
  if (packages.length === 0) return ' (no Debian package)';
  return ` (apt-get install ${packages.join(' ')}; or: npm run test:clients -- --install)`;
}

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const) {
  process.on(signal, () => {
    interrupted = true;
    // Everything that was started ends with its place.
    closePlaces().then(
      () => process.exit(128 + number),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}

if (process.argv.includes('--install')) install();
line(...HEAD);
for (const client of clients) {
  const why = withoutClient(client);
  if (why !== undefined) {
    skipped.push(`${client.name}: ${why}${remedy(client)}`);
    continue;
  }
  await tryClient(client).catch((error) => interrupted || fail(client.name, error));
}
const given = Number(process.env.SECCOMPC_SEED);
await tryLog().catch((error) => fail('bwrap, SCMP_ACT_LOG', error));
await tryDialect(Number.isInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31));

for (const [i, text] of notes.entries()) console.log(`[${i + 1}] ${text}`);
for (const text of skipped) console.log(`skip ${text}`);
for (const text of failures) console.log(`FAIL ${text}`);
console.log(`${rows} rows, ${failures.length} failed, ${skipped.length} skipped`);
process.exitCode = failures.length > 0 ? 1 : rows > 0 ? 0 : 3;
