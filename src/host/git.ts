/**
 * Files as they were at another commit, by git's plumbing alone. The repository may be hostile: nothing is checked out, no
 * hook, filter, text conversion, pager, monitor or alias of it runs, and no object is fetched (a partial clone would, by a
 * command that its configuration names).
 */
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fail, quoted } from '../diag/index.ts';

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
    env: { ...Object.fromEntries(inherited), ...OFFLINE, ...PLAIN },
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

/**
 * Where HEAD and `ref` (a branch, a tag, a commit, or a branch of origin) parted.
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
  const found = [ref, `refs/remotes/origin/${ref}`]
    .map((name) => git(folder, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`))
    .find(({ ok, text }) => ok && /^[0-9a-f]{40,64}$/.test(text));
  if (found === undefined) {
    const fetching = isShallow ? HOW_TO_FETCH : `git fetch origin, or name another with --base`;
    missing(`there is no commit ${quoted(ref)} here${isShallow ? ': the clone is shallow' : ''}`, fetching);
  }
  const base = git(folder, 'merge-base', 'HEAD', found.text);
  if (base.ok && /^[0-9a-f]{40,64}$/.test(base.text)) return { ref, commit: base.text };
  const why = isShallow ? ': the clone is shallow, so where they parted is not in it' : '';
  return missing(`HEAD and ${quoted(ref)} have no commit in common${why}`, isShallow ? HOW_TO_FETCH : undefined);
}

/** The file that a path led to at a commit: its bytes, or undefined where there was none. `path` need not be there now. */
export function fileAt({ commit }: Base, path: string): Uint8Array | undefined {
  const folder = realFolder(path);
  const prefix = git(folder, 'rev-parse', '--show-prefix');
  if (!prefix.ok) missing(`${quoted(path)} is in no git repository`);
  const name = `${prefix.text}${basename(path)}`;
  const tree = git(folder, 'ls-tree', '-z', '--full-tree', commit, '--', name);
  if (!tree.ok) missing(`git cannot list ${commit.slice(0, 12)}: ${quoted(tree.said)}`);
  const entry = /^(\d+) (\w+) ([0-9a-f]{40,64})\t/.exec(tree.text);
  if (entry === null) return undefined;
  const [, mode, kind, id] = entry as unknown as readonly [string, string, string, string];
  if (kind !== 'blob' || mode === '120000') missing(`${quoted(name)} is no plain file at ${commit.slice(0, 12)}`);
  const blob = git(folder, 'cat-file', 'blob', id);
  return blob.ok
    ? blob.bytes
    : missing(`git cannot read ${quoted(name)} at ${commit.slice(0, 12)}: ${quoted(blob.said)}`, HOW_TO_FETCH);
}

function realFolder(path: string): string {
  try {
    return realpathSync(dirname(path));
  } catch {
    return missing(`${quoted(dirname(path))} is no folder here`);
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
