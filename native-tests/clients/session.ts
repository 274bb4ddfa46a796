/** A client at work: its place, what it needs beside it, and one row of the table for each form and profile. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutTool } from '../support.ts';
import { CALLS, type Call, witnessWord } from './calls.ts';
import type { Box, Client, Form, Run, Start } from './client.ts';
import { judge, type Shown } from './judge.ts';
import { materialOf } from './material.ts';
import { Place } from './place.ts';
import { NAMES_PROFILE, PROFILES, type TestedProfile } from './profiles.ts';
import { program, withoutPrograms } from './programs.ts';
import { type Observed, runWitness } from './run.ts';

export interface Case {
  readonly form: Form;
  readonly profile: TestedProfile;
}

/** What a client is tried with. */
export function casesOf({ forms }: Client): readonly Case[] {
  return forms.flatMap((form) =>
    (form.makes === 'names' ? [NAMES_PROFILE] : PROFILES).map((profile) => ({ form, profile })),
  );
}

let places: { readonly why: string | undefined } | undefined;

/** Why no private place can be made here. */
function withoutPlaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (places === undefined) {
    const { status } = spawnSync('unshare', ['--mount', '--net', '--ipc', '--pid', '--fork', 'nsenter', '--version']);
    places = { why: status === 0 ? undefined : 'no namespaces can be made here (unshare, nsenter)' };
  }
  return places.why;
}

/** Why a client cannot be tried here. */
export function withoutClient({ programs }: Client): string | undefined {
  return programs.map(withoutTool).find((why) => why !== undefined) ?? withoutPrograms() ?? withoutPlaces();
}

/** A root folder with the witness in it, and the folders without which some clients refuse. */
function rootOf(place: Place): string {
  const root = join(place.folder, 'root');
  for (const name of ['proc', 'sys', 'dev', 'usr', 'etc', 'tmp', 'run', 'var'])
    mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'etc', 'os-release'), 'ID=witness\n');
  copyFileSync(program('witness'), join(root, 'witness'));
  chmodSync(join(root, 'witness'), 0o755);
  return root;
}

export class Session {
  readonly #client: Client;
  readonly #box: Box;
  #free: Observed | undefined;

  private constructor(client: Client, box: Box) {
    this.#client = client;
    this.#box = box;
  }

  /** Runs `body` with a client that is ready, and undoes all that it did. */
  static async with<T>(client: Client, body: (session: Session) => Promise<T>): Promise<T> {
    const place = await Place.open(client.place);
    try {
      const box = { place, root: rootOf(place) };
      await client.prepare?.(box);
      return await body(new Session(client, box));
    } finally {
      await place.close();
    }
  }

  async version(): Promise<string> {
    const text = await this.#box.place.run(this.#client.version).catch(String);
    return /\d+(\.\d+)+/.exec(text)?.[0] ?? '?';
  }

  async try({ form, profile }: Case): Promise<Shown> {
    this.#free ??= await this.observe((run) => this.#client.free(run));
    const seen = await this.observe((run) => form.start(run, materialOf(profile)));
    return judge(this.#client, form, profile, this.#free, seen);
  }

  /** Runs the witness in the client. Throws with the client's words when it does not come to that. */
  observe(start: (run: Run) => Start, calls: readonly Call[] = CALLS, look?: (pid: number) => void): Promise<Observed> {
    const { place } = this.#box;
    const id = place.freshToken();
    const words = [id, ...calls.map(witnessWord)];
    return runWitness(place, id, start({ box: this.#box, id, words }), look);
  }
}
