/**
 * Profile text to `OciProfile`: the OCI runtime-spec's dialect, Docker's superset (archMap, includes, excludes, comment,
 * the legacy `name`) and podman's errno names. Every mistake is collected; what cannot be read is left out, so that the
 * rest can still be judged in the same run.
 */
import {
  ARCHES,
  type Arch,
  type ArchName,
  errnoNames,
  errnoNumber,
  FILTER_FLAGS,
  findArch,
  MAX_ERRNO,
  SECCOMP_RET_DATA,
  X32_SYSCALL_BIT,
} from '../arch/index.ts';
import { Diagnostics, quoted, type Source } from '../diag/index.ts';
import { hex, U64_MAX } from '../num/index.ts';
import { type Json, JsonReader, spanOf } from './json.ts';
import type { ActionSpec, Filter, Located, OciCondition, OciProfile, OciRule } from './types.ts';
import { ACTIONS, CAPABILITIES, capabilityName, didYouMean, OPS, type ScmpAction, type ScmpOp } from './vocabulary.ts';

// biome-ignore format: a table
const TOP_KEYS = [
  'defaultAction', 'defaultErrnoRet', 'defaultErrno', 'architectures', 'archMap', 'flags', 'listenerPath',
  'listenerMetadata', 'syscalls', '$schema', 'x-argWidth', 'x-multiplexed', 'x-ruleOrder', 'x-unknownArch',
  'x-enosysAbove', 'x-assert',
];
// biome-ignore format: a table
const RULE_KEYS = [
  'names', 'name', 'action', 'errnoRet', 'errno', 'args', 'comment', 'includes', 'excludes', 'x-architectures',
];
const ARG_KEYS = ['index', 'value', 'valueTwo', 'op', 'x-width'];
const FILTER_KEYS = ['arches', 'caps', 'minKernel'];
const U32_MAX = 0xffff_ffffn;

/** Keys by which people ask for what a filter cannot do. */
const PATH_KEY =
  /^((arg|file|dir|exec|target|allowed|denied)?[-_]?path(s|name|names)?[-_]?(prefix(es)?|pattern|glob|regexp?)?|files?|filenames?|dirs?|director(y|ies)|strings?|prefix|suffix|glob|regexp?|pattern|argv|pointer|domain|hosts?|hostnames?|address|port|url)$/i;
const POINTER_HELP =
  'seccomp sees the six arguments as numbers; a path or string argument is a pointer whose target it cannot read, and which another thread may change. Use a mount namespace, Landlock or an LSM for paths';

/** The number behind a name; the same name has other numbers on some machines, which podman's key sees to. */
function errnoHelp(text: string, at: { readonly ret: string; readonly name: string }): string | undefined {
  const number = errnoNumber(text);
  if (number === undefined) return /^\d+$/.test(text) ? `without quotes: ${text}` : didYouMean(text, errnoNames());
  const isSame = [...ARCHES.values()].every((arch) => errnoNumber(text, arch) === number);
  return `${text} is ${number}${isSame ? '' : ' on most machines'}: "${at.ret}": ${number}; podman's dialect also has "${at.name}": "${text}"`;
}

class ProfileParser {
  readonly #reader: JsonReader;
  readonly #source: Source;

  constructor(source: Source, diagnostics: Diagnostics) {
    this.#source = source;
    this.#reader = new JsonReader(source, diagnostics);
  }

  profile(): Omit<OciProfile, 'diagnostics'> | undefined {
    const root = this.#reader.root();
    if (root === undefined) return undefined;
    const keys = this.#reader.fields(root, TOP_KEYS, this.#pathKey);
    const defaultAction = this.#action(root, keys, {
      action: 'defaultAction',
      ret: 'defaultErrnoRet',
      name: 'defaultErrno',
    });
    if (defaultAction?.action === 'SCMP_ACT_NOTIFY') {
      this.#reader.report(keys.get('defaultAction') ?? root, {
        code: 'NOTIFY_UNUSABLE',
        message:
          'SCMP_ACT_NOTIFY cannot be the default action: the call that hands over the listener would itself wait for it',
      });
    }
    const [listener, metadata] = ['listenerPath', 'listenerMetadata'].map((key) => keys.get(key));
    return {
      source: this.#source,
      // The stand-in is never used: an absent or unreadable default action is an error.
      defaultAction: defaultAction ?? { action: 'SCMP_ACT_KILL_PROCESS', span: spanOf(root) },
      arches: this.#arches(keys),
      namesArches: ['architectures', 'archMap'].some((key) => (keys.get(key)?.children?.length ?? 0) > 0),
      flags: this.#flags(keys.get('flags')),
      listenerPath: listener && this.#reader.string(listener, "'listenerPath'"),
      listenerMetadata: metadata && this.#reader.string(metadata, "'listenerMetadata'"),
      rules: this.#reader.array(keys.get('syscalls'), "'syscalls'").flatMap((node, index) => this.#rule(node, index)),
      argWidth: this.#choice(keys.get('x-argWidth'), 'x-argWidth', ['oci', 'kernel']),
      multiplexed: this.#choice(keys.get('x-multiplexed'), 'x-multiplexed', ['allow', 'deny', 'written']),
      ruleOrder: this.#choice(keys.get('x-ruleOrder'), 'x-ruleOrder', ['oci', 'first-match']),
      unknownArch: this.#choice(keys.get('x-unknownArch'), 'x-unknownArch', ['kill-process', 'kill', 'errno']),
      enosysAbove: this.#enosysAbove(keys.get('x-enosysAbove')),
      assertions: this.#reader
        .strings(keys.get('x-assert'), 'x-assert')
        .map(({ value, node }) => ({ value, span: spanOf(node) })),
    };
  }

  #pathKey = (key: string, node: Json): boolean => {
    if (!PATH_KEY.test(key)) return false;
    this.#reader.report(node, {
      code: 'KEY_PATH',
      message: `${quoted(key)} cannot be checked by a seccomp filter`,
      help: POINTER_HELP,
    });
    return true;
  };

  #choice<const T extends string>(node: Json | undefined, key: string, choices: readonly T[]): T | undefined {
    const text = node && this.#reader.string(node, `'${key}'`);
    if (node === undefined || text === undefined) return undefined;
    const found = choices.find((c) => c === text);
    if (found === undefined) {
      this.#reader.report(node, {
        code: 'VALUE_RANGE',
        message: `'${key}' is ${choices.join(' or ')}, not ${quoted(text)}`,
      });
    }
    return found;
  }

  /** true, false, or the largest known number of each architecture by name. */
  #enosysAbove(node: Json | undefined): boolean | ReadonlyMap<ArchName, number> | undefined {
    if (node === undefined || node.type === 'boolean') return node?.value as boolean | undefined;
    if (this.#reader.object(node, "'x-enosysAbove', when neither true nor false,") === undefined) return undefined;
    const constants = [...ARCHES.values()].map((a) => a.scmp);
    const entries = this.#reader.fields(node, constants, (key, at) => this.#archUnknown(key, at));
    const found = new Map<ArchName, number>();
    for (const [key, value] of entries) {
      const [arch] = this.#arch(key, value);
      const number = arch && this.#reader.unsigned(value, `the number for ${key}`, U32_MAX);
      if (arch === undefined || number === undefined) continue;
      const { name } = arch.value;
      // x32 numbers have bit 30, and no others.
      const [least, most] = name === 'x32' ? [X32_SYSCALL_BIT, 2 * X32_SYSCALL_BIT - 1] : [0, X32_SYSCALL_BIT - 1];
      if (number >= least && number <= most) found.set(name, Number(number));
      else {
        const message = `the numbers of ${name} are ${hex(least)} to ${hex(most)}, not ${hex(number)}`;
        this.#reader.report(value, { code: 'VALUE_RANGE', message });
      }
    }
    return found;
  }

  /** An action and its errno, from three sibling keys. */
  #action(
    object: Json,
    keys: ReadonlyMap<string, Json>,
    at: { readonly action: string; readonly ret: string; readonly name: string },
  ): ActionSpec | undefined {
    const node = keys.get(at.action);
    const errno = this.#errno(keys.get(at.ret), keys.get(at.name), at);
    if (node === undefined) {
      this.#reader.report(firstCharacter(object), {
        code: 'KEY_MISSING',
        message: `'${at.action}' is required`,
        help: at.action === 'defaultAction' ? this.#otherDialect(object) : undefined,
      });
      return undefined;
    }
    const text = this.#reader.string(node, `'${at.action}'`);
    if (text === undefined) return undefined;
    if (!ACTIONS.has(text)) {
      this.#reader.report(node, {
        code: 'ACTION_UNKNOWN',
        message: `${quoted(text)} is no action`,
        help: didYouMean(text, ACTIONS.keys()) ?? `the actions are ${[...ACTIONS.keys()].join(', ')}`,
      });
      return undefined;
    }
    const action = text as ScmpAction;
    if (errno === undefined) return { action, span: spanOf(node) };
    if (action !== 'SCMP_ACT_ERRNO' && action !== 'SCMP_ACT_TRACE') {
      this.#reader.report(errno.node, {
        code: 'ERRNO_IGNORED',
        message: `${action} takes no errno; runc ignores it, the OCI spec and crun refuse it`,
      });
      return { action, span: spanOf(node) };
    }
    const most = action === 'SCMP_ACT_ERRNO' ? MAX_ERRNO : SECCOMP_RET_DATA;
    if (typeof errno.value === 'number' && errno.value > most) {
      this.#reader.report(errno.node, {
        code: 'ERRNO_RANGE',
        message: `the number of ${action} is 0 to ${most}, not ${errno.value}`,
      });
      return undefined;
    }
    return { action, errno: errno.value, span: spanOf(node) };
  }

  #errno(
    ret: Json | undefined,
    name: Json | undefined,
    at: { readonly ret: string; readonly name: string },
  ): { readonly value: number | string; readonly node: Json } | undefined {
    if (ret?.type === 'string') {
      this.#reader.report(ret, {
        code: 'TYPE_WRONG',
        message: `'${at.ret}' is a number, not a string`,
        help: errnoHelp(ret.value, at),
      });
      return undefined;
    }
    const number = ret && this.#reader.unsigned(ret, `'${at.ret}'`, U64_MAX);
    if (name === undefined) return ret && number !== undefined ? { value: Number(number), node: ret } : undefined;
    const text = this.#reader.string(name, `'${at.name}'`);
    if (text === undefined || text === '')
      return ret && number !== undefined ? { value: Number(number), node: ret } : undefined;
    if (errnoNumber(text) === undefined) {
      this.#reader.report(name, {
        code: 'ERRNO_UNKNOWN',
        message: `${quoted(text)} is no errno`,
        help: didYouMean(text, errnoNames()),
      });
      return undefined;
    }
    if (number !== undefined && Number(number) !== errnoNumber(text)) {
      this.#reader.report(name, {
        code: 'KEY_CONFLICT',
        message: `'${at.name}' says ${text} and '${at.ret}' says ${number}`,
      });
    }
    return { value: text, node: name };
  }

  #arches(keys: ReadonlyMap<string, Json>): readonly Located<Arch>[] {
    const list = keys.get('architectures');
    const map = keys.get('archMap');
    if (list && map && (list.children?.length ?? 0) > 0 && (map.children?.length ?? 0) > 0) {
      this.#reader.report(map, {
        code: 'KEY_CONFLICT',
        message: "'archMap' and 'architectures' exclude each other",
        related: [{ message: "'architectures' stands here", source: this.#source, span: spanOf(list) }],
      });
    }
    const found = this.#reader.strings(list, 'architectures').flatMap((a) => this.#arch(a.value, a.node));
    for (const entry of this.#reader.array(map, "'archMap'")) {
      if (this.#reader.object(entry, "each of 'archMap'") === undefined) continue;
      const fields = this.#reader.fields(entry, ['architecture', 'subArchitectures']);
      const main = fields.get('architecture');
      const text = main && this.#reader.string(main, "'architecture'");
      if (main === undefined) {
        this.#reader.report(firstCharacter(entry), { code: 'KEY_MISSING', message: "'architecture' is required" });
      } else if (text !== undefined) found.push(...this.#arch(text, main));
      for (const sub of this.#reader.strings(fields.get('subArchitectures'), 'subArchitectures')) {
        found.push(...this.#arch(sub.value, sub.node));
      }
    }
    return found;
  }

  #arch(text: string, node: Json): readonly Located<Arch>[] {
    const arch =
      [...ARCHES.values()].find((a) => a.scmp === text) ?? (text.startsWith('SCMP_') ? undefined : findArch(text));
    if (arch) return [{ value: arch, span: spanOf(node) }];
    this.#archUnknown(text, node);
    return [];
  }

  #archUnknown(text: string, node: Json): true {
    // SCMP_ARCH_AMD64 and SCMP_ARCH_ARM64 are no constants, but it is plain what they mean.
    const meant = findArch(text.replace(/^SCMP_ARCH_/i, ''))?.scmp;
    const constants = [...ARCHES.values()].map((a) => a.scmp);
    this.#reader.report(node, {
      code: 'ARCH_UNKNOWN',
      message: `${quoted(text)} is no architecture`,
      help: didYouMean(meant ?? text, constants) ?? `the architectures are ${constants.join(', ')}`,
    });
    return true;
  }

  #flags(node: Json | undefined): readonly string[] {
    return this.#reader.strings(node, 'flags').flatMap((flag) => {
      if (FILTER_FLAGS.has(flag.value)) return [flag.value];
      this.#reader.report(flag.node, {
        code: 'FLAG_UNKNOWN',
        message: `${quoted(flag.value)} is no filter flag`,
        help: didYouMean(flag.value, FILTER_FLAGS.keys()) ?? `the flags are ${[...FILTER_FLAGS.keys()].join(', ')}`,
      });
      return [];
    });
  }

  #rule(node: Json, index: number): readonly OciRule[] {
    if (this.#reader.object(node, "each of 'syscalls'") === undefined) return [];
    const keys = this.#reader.fields(node, RULE_KEYS, this.#pathKey);
    const names = this.#names(node, keys);
    const action = this.#action(node, keys, { action: 'action', ret: 'errnoRet', name: 'errno' });
    const args = this.#reader.array(keys.get('args'), "'args'");
    const conditions = args.flatMap((arg) => this.#condition(arg));
    const comment = keys.get('comment');
    const includes = this.#filter(keys.get('includes'), 'includes');
    const excludes = this.#filter(keys.get('excludes'), 'excludes');
    const only = this.#reader.strings(keys.get('x-architectures'), 'x-architectures');
    const onlyArches = only.flatMap((a) => this.#arch(a.value, a.node)).map((a) => a.value.name);
    if (action?.action === 'SCMP_ACT_NOTIFY') {
      for (const name of names.filter((n) => n.value === 'write')) {
        this.#reader.report(keys.get('action') ?? node, {
          code: 'NOTIFY_UNUSABLE',
          message:
            "SCMP_ACT_NOTIFY cannot be used for 'write': the call that hands over the listener would itself wait for it",
          related: [{ message: "'write' is named here", source: this.#source, span: name.span }],
        });
      }
    }
    // A rule with a part that could not be read is left out whole: never looser than written.
    if (action === undefined || conditions.length !== args.length) return [];
    return [
      {
        index,
        names,
        action,
        conditions,
        comment: comment && this.#reader.string(comment, "'comment'"),
        includes,
        excludes,
        onlyArches,
        span: spanOf(node),
      },
    ];
  }

  #names(rule: Json, keys: ReadonlyMap<string, Json>): readonly Located<string>[] {
    const list = keys.get('names');
    const single = keys.get('name');
    const legacy = single && this.#reader.string(single, "'name'");
    if (list && single && legacy !== '' && (list.children?.length ?? 0) > 0) {
      this.#reader.report(single, {
        code: 'KEY_CONFLICT',
        message: "'name' and 'names' exclude each other: Docker refuses both together, runc silently drops 'name'",
        related: [{ message: "'names' stands here", source: this.#source, span: spanOf(list) }],
      });
    }
    if (list === undefined && single === undefined) {
      this.#reader.report(firstCharacter(rule), { code: 'KEY_MISSING', message: "'names' is required" });
      return [];
    }
    const names = this.#reader.strings(list, 'names').map((n) => ({ value: n.value, span: spanOf(n.node) }));
    if (single && legacy !== undefined && legacy !== '') names.push({ value: legacy, span: spanOf(single) });
    if (names.length === 0 && list?.type === 'array') {
      this.#reader.report(list, { code: 'NAMES_EMPTY', message: 'the rule names no system call, so it does nothing' });
    }
    return names;
  }

  #condition(node: Json): readonly OciCondition[] {
    if (this.#reader.object(node, "each of 'args'") === undefined) return [];
    const keys = this.#reader.fields(node, ARG_KEYS, this.#pathKey);
    const missing = ['index', 'value', 'op'].filter((key) => !keys.has(key));
    if (missing.length > 0) {
      this.#reader.report(firstCharacter(node), {
        code: 'KEY_MISSING',
        message: `a condition needs ${missing.map((key) => `'${key}'`).join(', ')}`,
      });
    }
    const number = (key: string, most: bigint): bigint | undefined => {
      const value = keys.get(key);
      if (value === undefined) return undefined;
      if (value.type === 'string' && key !== 'index') {
        this.#reader.report(value, {
          code: 'VALUE_STRING',
          message: `'${key}' is a number; the filter cannot compare the string ${quoted(String(value.value))}`,
          help: numberInQuotes(String(value.value)) ?? POINTER_HELP,
        });
        return undefined;
      }
      return this.#reader.unsigned(value, `'${key}'`, most);
    };
    const index = number('index', 5n);
    const value = number('value', U64_MAX);
    const valueTwo = number('valueTwo', U64_MAX);
    const op = this.#op(keys.get('op'));
    const width = this.#width(keys.get('x-width'));
    if (index === undefined || value === undefined || op === undefined) return [];
    if (valueTwo === undefined && keys.has('valueTwo')) return [];
    return [{ argIndex: Number(index), op, value, valueTwo: valueTwo ?? 0n, width, span: spanOf(node) }];
  }

  #width(node: Json | undefined): 32 | 64 | undefined {
    const bits = node && this.#reader.unsigned(node, "'x-width'", U64_MAX);
    if (node === undefined || bits === undefined) return undefined;
    if (bits === 32n || bits === 64n) return bits === 32n ? 32 : 64;
    this.#reader.report(node, { code: 'VALUE_RANGE', message: `'x-width' is 32 or 64 bits, not ${bits}` });
    return undefined;
  }

  #op(node: Json | undefined): ScmpOp | undefined {
    const text = node && this.#reader.string(node, "'op'");
    if (node === undefined || text === undefined) return undefined;
    if (OPS.has(text)) return text as ScmpOp;
    this.#reader.report(node, {
      code: 'OP_UNKNOWN',
      message: `${quoted(text)} is no operator`,
      help: didYouMean(text, OPS.keys()) ?? `the operators are ${[...OPS.keys()].join(', ')}`,
    });
    return undefined;
  }

  #filter(node: Json | undefined, what: string): Filter {
    if (node === undefined || this.#reader.object(node, `'${what}'`) === undefined) return { arches: [], caps: [] };
    const keys = this.#reader.fields(node, FILTER_KEYS, this.#pathKey);
    const arches = this.#reader.strings(keys.get('arches'), 'arches').flatMap(({ value, node: at }) => {
      const arch = findArch(value);
      if (arch) return [arch.name];
      const known = [...ARCHES.values()].flatMap((a) => a.goNames);
      this.#reader.report(at, {
        code: 'ARCH_UNKNOWN',
        message: `${quoted(value)} is no architecture`,
        help: didYouMean(value, known),
      });
      return [];
    });
    const caps = this.#reader.strings(keys.get('caps'), 'caps').map(({ value, node: at }) => {
      const name = capabilityName(value);
      if (!CAPABILITIES.has(name)) {
        const meant = didYouMean(name, CAPABILITIES);
        this.#reader.report(at, {
          code: 'CAP_UNKNOWN',
          // A newer kernel's capability nobody holds here; a misspelt one would decide wrongly.
          severity: meant === undefined ? 'warning' : 'error',
          message: `${quoted(value)} is no capability`,
          help: meant,
        });
      }
      return name;
    });
    const minimum = keys.get('minKernel');
    const version = minimum && this.#reader.string(minimum, "'minKernel'");
    const minKernel = version === undefined || version === '' ? undefined : parseKernelVersion(version);
    if (minimum && version !== undefined && version !== '' && minKernel === undefined) {
      this.#reader.report(minimum, {
        code: 'KERNEL_VERSION',
        message: `'minKernel' is MAJOR.MINOR, not ${quoted(version)}`,
      });
    }
    return { arches, caps, minKernel };
  }

  #otherDialect(root: Json): string | undefined {
    const text = this.#source.text.slice(root.offset, root.offset + root.length);
    if (/"(default_action|filter_action)"/.test(text)) {
      return "this looks like Firecracker's (seccompiler's) own dialect; seccompc reads the OCI / Docker one";
    }
    if (/"linux"\s*:/.test(text)) return "this looks like an OCI config.json; give its 'linux.seccomp' object alone";
    return undefined;
  }
}

/** What to write for a number that stands in quotes, where JSON could not take it as it is. */
function numberInQuotes(text: string): string | undefined {
  return /^(\d{1,20}|0x[0-9a-f]{1,16})$/i.test(text) ? `write ${BigInt(text)}, without quotes` : undefined;
}

function firstCharacter(node: Json): Json {
  return { ...node, length: 1 };
}

/** 'MAJOR.MINOR', with anything a uname adds behind; undefined for other text. */
export function parseKernelVersion(text: string): readonly [number, number] | undefined {
  const found = /^(\d{1,4})\.(\d{1,4})(?:[.\-+].*)?$/.exec(text);
  return found ? [Number(found[1]), Number(found[2])] : undefined;
}

/** What could be read of a profile and everything wrong with it. For the join in `build/`: the public form throws. */
export function readProfile(source: Source): { readonly profile?: OciProfile; readonly diagnostics: Diagnostics } {
  const diagnostics = new Diagnostics();
  const parts = new ProfileParser(source, diagnostics).profile();
  return parts === undefined
    ? { diagnostics }
    : { profile: { ...parts, diagnostics: diagnostics.sorted }, diagnostics };
}
