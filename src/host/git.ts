/**
 * Files as they were at another commit, by git's plumbing alone. The repository may be hostile: nothing is checked out, no
 * hook, filter, text conversion, pager, monitor or alias of it runs, and no object is fetched (a partial clone would, by a
 * command that its configuration names).
 */
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { fail, quoted } from '../diag/index.ts';
import { absolutePath } from './run-command.ts';

/** Settings that would start a program, or look for a repository where a folder only pretends to be one. */
const SAFE: readonly string[] = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.sshCommand=false',
  'core.alternateRefsCommand=false',
  'core.askPass=false',
  'safe.bareRepository=explicit',
].flatMap((setting) => ['-c', setting]);
/** An empty list of protocols beats whatever the configuration allows; newer gits have a word of their own for it. */
const OFFLINE = { GIT_ALLOW_PROTOCOL: '', GIT_NO_LAZY_FETCH: '1', GIT_TERMINAL_PROMPT: '0' };
const PLAIN = { GIT_LITERAL_PATHSPECS: '1', GIT_OPTIONAL_LOCKS: '0', GIT_NO_REPLACE_OBJECTS: '1', LC_ALL: 'C' };
/** A hook is told of these, relative to where git runs it; here the repository is looked for from each folder. */
const OF_HOOKS: ReadonlySet<string> = new Set(['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX']);
/** A profile has 60,000 bytes. */
const MOST = 64 << 20;

interface Answer {
  readonly ok: boolean;
  readonly bytes: Buffer;
  readonly text: string;
  readonly said: string;
}

function git(folder: string, ...args: readonly string[]): Answer {
  const inherited = Object.entries(process.env).filter(([name]) => !OF_HOOKS.has(name));
  const done = spawnSync('git', ['--no-pager', ...SAFE, ...args], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), PATH: absolutePath(), ...OFFLINE, ...PLAIN },
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: MOST,
  });
  if (done.error) {
    const { code } = done.error as NodeJS.ErrnoException;
    return missing(code === 'ENOENT' ? 'git is not installed' : `git could not be run: ${code}`, 'apt-get install git');
  }
  const text = done.stdout.toString('utf8').replace(/\n$/, '');
  return { ok: done.status === 0, bytes: done.stdout, text, said: done.stderr.toString('utf8').trim() };
}

function missing(message: string, help?: string): never {
  return fail({ code: 'BASE_MISSING', message, help });
}

/** The commit that two histories have in common. */
export interface Base {
  /** As it was asked for. */
  readonly ref: string;
  /** In hexadecimal digits. */
  readonly commit: string;
}

const HOW_TO_FETCH = 'git fetch --unshallow, or in actions/checkout: fetch-depth: 0';

const isCommit = ({ ok, text }: Answer): boolean => ok && /^[0-9a-f]{40,64}$/.test(text);

/** What a name may mean, first what a pull request is proposed for: anybody's tag of that name must not stand before it. */
function meanings(ref: string): readonly string[] {
  if (/^(HEAD|@)($|[~^@{:])|^refs\/|^[0-9a-f]{40,64}$/.test(ref)) return [ref];
  const ofRemote = ref.startsWith('origin/') ? [`refs/remotes/${ref}`] : [];
  return [...ofRemote, `refs/remotes/origin/${ref}`, `refs/heads/${ref}`, ref];
}

/**
 * Where HEAD and `ref` (a branch of origin, a branch, a tag, a commit: in this order) parted.
 * @throws SeccompcError BASE_MISSING
 */
export function mergeBase(folder: string, ref: string): Base {
  const inside = git(folder, 'rev-parse', '--is-inside-work-tree');
  if (!inside.ok) {
    const isDubious = inside.said.includes('dubious ownership');
    const message = isDubious
      ? 'the repository belongs to another user, so git reads nothing in it'
      : 'this is no git repository';
    missing(
      message,
      isDubious
        ? 'git config --global --add safe.directory FOLDER, if you trust it'
        : '--no-base leaves the comparison out',
    );
  }
  const isShallow = git(folder, 'rev-parse', '--is-shallow-repository').text === 'true';
  const found = meanings(ref)
    .map((name) => git(folder, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`))
    .find(isCommit);
  if (found === undefined) {
    const fetching = isShallow ? HOW_TO_FETCH : `git fetch origin, or name another with --base`;
    missing(`there is no commit ${quoted(ref)} here${isShallow ? ': the clone is shallow' : ''}`, fetching);
  }
  const base = git(folder, 'merge-base', 'HEAD', found.text);
  if (isCommit(base)) return { ref, commit: base.text };
  const why = isShallow ? ': the clone is shallow, so where they parted is not in it' : '';
  return missing(`HEAD and ${quoted(ref)} have no commit in common${why}`, isShallow ? HOW_TO_FETCH : undefined);
}

/** The base is what HEAD is: a comparison sees nothing but what is not committed. */
export function isHead({ commit }: Base, folder: string): boolean {
  return git(folder, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}').text === commit;
}

/** As the kernel follows them. */
const MOST_LINKS = 40;
const LINK = '120000';

/** A commit's files, by the links that the commit has: those of today may lead elsewhere. */
class Tree {
  readonly #folder: string;
  readonly #commit: string;

  constructor(folder: string, commit: string) {
    this.#folder = folder;
    this.#commit = commit;
  }

  missing(name: string, what: string, help?: string): never {
    return missing(`${quoted(name)} ${what} at ${this.#commit.slice(0, 12)}`, help);
  }

  entry(name: string): { readonly mode: string; readonly kind: string; readonly id: string } | undefined {
    const tree = git(this.#folder, 'ls-tree', '-z', '--full-tree', this.#commit, '--', name);
    if (!tree.ok) missing(`git cannot list ${this.#commit.slice(0, 12)}: ${quoted(tree.said)}`, HOW_TO_FETCH);
    const [, mode, kind, id] = /^(\d+) (\w+) ([0-9a-f]{40,64})\t/.exec(tree.text) ?? [];
    return mode === undefined || kind === undefined || id === undefined ? undefined : { mode, kind, id };
  }

  bytes(name: string, id: string): Uint8Array {
    const blob = git(this.#folder, 'cat-file', 'blob', id);
    return blob.ok ? blob.bytes : this.missing(name, `cannot be read (${quoted(blob.said)})`, HOW_TO_FETCH);
  }

  /** The id of the file that the names lead to, undefined where there is none; nothing is guessed of what is no file. */
  find(names: readonly string[]): string | undefined {
    const asked = names.join('/');
    const direct = this.entry(asked);
    if (direct?.kind === 'blob' && direct.mode !== LINK) return direct.id;
    const at: string[] = [];
    const rest = [...names];
    let links = 0;
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (at.pop() === undefined) this.missing(asked, 'leads out of the repository');
        continue;
      }
      const here = [...at, name].join('/');
      const entry = this.entry(here);
      if (entry === undefined) return links === 0 ? undefined : this.missing(asked, 'is a link to nothing');
      if (entry.kind === 'tree') at.push(name);
      else if (entry.kind !== 'blob') this.missing(here, 'is a repository of its own');
      else if (entry.mode === LINK) {
        links++;
        if (links > MOST_LINKS) this.missing(asked, 'is a link that does not end');
        const target = Buffer.from(this.bytes(here, entry.id)).toString('utf8');
        if (target.startsWith('/')) this.missing(asked, 'leads out of the repository');
        rest.unshift(...target.split('/'));
      } else if (rest.length === 0) return entry.id;
      else this.missing(here, 'is no folder');
    }
    return this.missing(asked, 'is no plain file');
  }
}

/**
 * The file that a path led to at a commit: its bytes, or undefined where there was none.
 * @param folder in the repository
 * @param path absolute; need not be there now
 * @throws SeccompcError BASE_MISSING, also where it led to something else than a file of the repository
 */
export function fileAt({ commit }: Base, folder: string, path: string): Uint8Array | undefined {
  const tree = new Tree(folder, commit);
  const id = tree.find(namesBelow(folder, path));
  return id === undefined ? undefined : tree.bytes(path, id);
}

/** From the top of the repository on. Only links above it are followed: those in it are the commit's. */
function namesBelow(folder: string, path: string): readonly string[] {
  const top = git(folder, 'rev-parse', '--show-toplevel');
  const names = path.split(sep);
  for (let length = 1; top.ok && length < names.length; length++) {
    const inside = relative(top.text, realFolder(names.slice(0, length).join(sep) || sep));
    if (inside !== '..' && !inside.startsWith(`..${sep}`))
      return [...inside.split(sep), ...names.slice(length)].filter(Boolean);
  }
  return missing(`${quoted(path)} is in no git repository`);
}

function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return missing(`${quoted(path)} is no folder here`);
  }
}

/** What each CI service calls the branch (or commit) that a change is proposed for; the first that is set counts. */
const CI_VARIABLES: readonly string[] = [
  'GITHUB_BASE_REF', // GitHub, Gitea, Forgejo
  'CI_MERGE_REQUEST_DIFF_BASE_SHA', // GitLab
  'CI_MERGE_REQUEST_TARGET_BRANCH_NAME',
  'BITBUCKET_PR_DESTINATION_BRANCH',
  'BUILDKITE_PULL_REQUEST_BASE_BRANCH',
  'SYSTEM_PULLREQUEST_TARGETBRANCH', // Azure
  'CHANGE_TARGET', // Jenkins
  'DRONE_TARGET_BRANCH',
  'CI_COMMIT_TARGET_BRANCH', // Woodpecker
];

/** The base that the CI service names, and the variable that it stands in. */
export function baseOfCi(env: NodeJS.ProcessEnv): { readonly ref: string; readonly variable: string } | undefined {
  for (const variable of CI_VARIABLES) {
    const ref = env[variable]?.trim();
    if (ref !== undefined && ref !== '') return { ref: ref.replace(/^refs\/heads\//, ''), variable };
  }
  return undefined;
}
