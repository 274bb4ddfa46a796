/**
 * A JSON schema of the profile dialects, for editors: what may stand where, what it means, and every system call with
 * what it does and the Linux that brought it. Made from the tables that the parser uses; draft 7, which editors know.
 *
 * Weak spot: editors read numbers as doubles, so values above 2^53 are not told apart here; the parser does.
 */
import {
  ARCHES,
  DANGERS,
  errnoName,
  errnoNames,
  errnoNumber,
  FILTER_FLAGS,
  syscallNames,
  syscallRemoved,
  syscallSince,
} from '../arch/index.ts';
import { ACTIONS, CAPABILITIES, OPS } from '../policy/vocabulary.ts';
import { meaningOf } from './meanings.ts';

export type Schema = { readonly [key: string]: unknown };

type Described = readonly (readonly [value: string, about: string])[];

const choice = (entries: Described, more: Schema = {}): Schema => ({
  type: 'string',
  enum: entries.map(([value]) => value),
  enumDescriptions: entries.map(([, about]) => about),
  ...more,
});

/** Absent, or null, which Go takes for absent. */
const optional = (schema: Schema): Schema => ({ ...schema, type: [schema.type, 'null'].flat() });
const list = (items: Schema, description: string): Schema => ({ type: ['array', 'null'], description, items });
const object = (description: string, properties: Schema, required: readonly string[] = []): Schema => ({
  type: 'object',
  description,
  properties,
  required,
  additionalProperties: false,
});

const ACTION_WORDS: Readonly<Record<string, string>> = {
  SCMP_ACT_ALLOW: 'the call is made',
  SCMP_ACT_LOG: 'the call is made, and logged',
  SCMP_ACT_ERRNO: 'the call fails with errnoRet (EPERM unless given)',
  SCMP_ACT_NOTIFY: 'a supervisor decides; needs a listener',
  SCMP_ACT_TRACE: 'a tracer decides; without one the call fails with ENOSYS',
  SCMP_ACT_TRAP: 'the thread gets SIGSYS, which it may handle',
  SCMP_ACT_KILL: 'the same as SCMP_ACT_KILL_THREAD',
  SCMP_ACT_KILL_THREAD: 'the thread ends, the others go on',
  SCMP_ACT_KILL_PROCESS: 'the process ends by SIGSYS',
};

const OP_WORDS: Readonly<Record<string, string>> = {
  SCMP_CMP_NE: 'argument != value',
  SCMP_CMP_LT: 'argument < value, unsigned',
  SCMP_CMP_LE: 'argument <= value, unsigned',
  SCMP_CMP_EQ: 'argument == value',
  SCMP_CMP_GE: 'argument >= value, unsigned',
  SCMP_CMP_GT: 'argument > value, unsigned',
  SCMP_CMP_MASKED_EQ: '(argument & value) == valueTwo: value is the mask',
};

const FLAG_WORDS: Readonly<Record<string, string>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 'all threads get the filter',
  SECCOMP_FILTER_FLAG_LOG: 'what is denied is logged, but for errors',
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 'leaves speculation as it is',
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 'only what kills ends the wait for a supervisor',
};

const wordsFor = (keys: Iterable<string>, words: Readonly<Record<string, string>>): Described =>
  [...keys].map((key) => [key, words[key] ?? '']);

/** 'reads from a descriptor. Since Linux 1.0.' */
function callWords(name: string): string {
  const since = syscallSince(name);
  const removed = syscallRemoved(name);
  const danger = DANGERS.get(name);
  return [
    `${meaningOf(name) ?? name}.`,
    ...(since === undefined ? [] : [`Since Linux ${since}.`]),
    ...(removed === undefined ? [] : [`Gone since Linux ${removed}.`]),
    ...(danger === undefined ? [] : [`Dangerous (grade ${danger.grade} in 3): ${danger.why}.`]),
  ].join(' ');
}

function callNames(): Schema {
  const described = (names: readonly string[]): Described => names.map((name) => [name, callWords(name)]);
  const gone = (name: string) => syscallRemoved(name) !== undefined;
  const names = syscallNames();
  return {
    anyOf: [
      choice(described(names.filter((name) => !gone(name)))),
      choice(described(names.filter(gone)), {
        deprecated: true,
        deprecationMessage: 'Linux has this call no more',
      }),
    ],
  };
}

const archConstants = (): Described => [...ARCHES.values()].map((arch) => [arch.scmp, `the ABI ${arch.name}`]);
/** As Go calls machines, and as we do. */
const archNames = (): Described =>
  [...new Map([...ARCHES.values()].flatMap((arch) => [...arch.goNames, arch.name].map((n) => [n, arch.name])))].map(
    ([name, abi]) => [name, `the ABI ${abi}`],
  );

const errnos = (): Described => [
  ['', 'none: the number counts'],
  ...errnoNames().map((name) => [name, `${errnoNumber(name)} on most machines`] as const),
];

function filter(what: string): Schema {
  const caps: Described = [...CAPABILITIES].flatMap((name) => [
    [`CAP_${name}`, `the capability ${name}`] as const,
    [name, `the capability ${name}`] as const,
  ]);
  return {
    ...object(`The rule ${what} all of this holds.`, {
      arches: list(choice(archNames()), 'machines, as Go calls them'),
      caps: list(choice(caps), 'capabilities of the container'),
      minKernel: {
        type: ['string', 'null'],
        description: 'the oldest kernel: "5.4"',
        pattern: '^(\\d{1,4}\\.\\d{1,4}([.+-].*)?)?$',
      },
    }),
    type: ['object', 'null'],
  };
}

const errnoRet = {
  type: ['integer', 'null'],
  minimum: 0,
  maximum: 65535,
  description: `The errno that the call fails with, as a number (1 is ${errnoName(1)}, 38 ${errnoName(38)}; at most 4095); for SCMP_ACT_TRACE what the tracer is told.`,
};
const U64_AS_DOUBLE = 2 ** 64;

function condition(): Schema {
  const value = (description: string): Schema => ({ type: 'integer', minimum: 0, maximum: U64_AS_DOUBLE, description });
  return object(
    'A comparison of one argument. All of a rule must hold. Pointers are numbers here: a path cannot be compared.',
    {
      index: { type: 'integer', minimum: 0, maximum: 5, description: 'Which argument, from 0.' },
      value: value('What it is compared with, unsigned; for SCMP_CMP_MASKED_EQ the mask.'),
      valueTwo: optional(value('For SCMP_CMP_MASKED_EQ: what the masked argument must be.')),
      op: choice(wordsFor(OPS.keys(), OP_WORDS), { description: 'How it is compared.' }),
      'x-width': { enum: [32, 64, null], description: 'seccompc: how many bits of the argument are compared.' },
    },
    ['index', 'value', 'op'],
  );
}

/** Written once: it is most of the schema. */
const CALL: Schema = { $ref: '#/definitions/call' };

function rule(): Schema {
  return {
    ...object(
      'What happens to some calls, when the arguments are as `args` says.',
      {
        names: list(CALL, 'The calls, by name.'),
        name: { allOf: [CALL], description: 'One call, in the older form of the dialect.' },
        action: choice(wordsFor(ACTIONS.keys(), ACTION_WORDS), { description: 'What happens to these calls.' }),
        errnoRet,
        errno: optional(choice(errnos(), { description: "The errno by name (podman's key)." })),
        args: list(condition(), 'Comparisons, all of which must hold.'),
        comment: { type: ['string', 'null'], description: 'For people.' },
        includes: filter('counts only where'),
        excludes: filter('does not count where'),
        'x-architectures': list(choice(archConstants()), 'seccompc: the only ABIs for which the rule holds.'),
      },
      ['action'],
    ),
    anyOf: [{ required: ['names'] }, { required: ['name'] }],
  };
}

/** The schema of a profile, as plain JSON data. Never throws. */
export function profileSchema(): Schema {
  const oneOf = (description: string, ...entries: Described): Schema => optional(choice(entries, { description }));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A seccomp profile',
    definitions: { call: callNames() },
    // JSON with comments and trailing commas is what seccompc reads.
    allowComments: true,
    allowTrailingCommas: true,
    ...object(
      'A seccomp profile in the dialect of the OCI, Docker and podman; keys that begin with x- are read by seccompc alone.',
      {
        $schema: { type: 'string', description: 'Where an editor finds this schema.' },
        defaultAction: choice(
          wordsFor(ACTIONS.keys(), ACTION_WORDS).filter(([name]) => name !== 'SCMP_ACT_NOTIFY'),
          {
            description: 'What happens to calls that no rule decides.',
          },
        ),
        defaultErrnoRet: errnoRet,
        defaultErrno: optional(choice(errnos(), { description: "The same by name (podman's key)." })),
        architectures: list(
          { anyOf: [choice(archConstants()), choice(archNames())] },
          'The ABIs that the profile is for. Calls of any other are killed.',
        ),
        archMap: list(
          object(
            'A machine and the other ABIs that it runs.',
            {
              architecture: choice(archConstants(), { description: "The machine's own ABI." }),
              subArchitectures: list(choice(archConstants()), 'Others that it runs.'),
            },
            ['architecture'],
          ),
          "Docker's form of `architectures`.",
        ),
        flags: list(choice(wordsFor(FILTER_FLAGS.keys(), FLAG_WORDS)), 'How the runtime installs the filter.'),
        listenerPath: { type: ['string', 'null'], description: 'The socket of the supervisor, for SCMP_ACT_NOTIFY.' },
        listenerMetadata: { type: ['string', 'null'], description: 'What the supervisor is told besides.' },
        syscalls: list(rule(), 'The rules. docs/semantics.md says which one wins.'),
        'x-argWidth': oneOf(
          'seccompc: how many bits of an argument are compared.',
          ['oci', '64, as the dialect says'],
          ['kernel', 'those that the kernel uses: 32 of an int'],
        ),
        'x-multiplexed': oneOf(
          'seccompc: socketcall and ipc, for calls with conditions.',
          ['allow', 'conditions are dropped there'],
          ['deny', 'the strictest of the rules there'],
          ['written', 'what the profile says of socketcall and ipc themselves'],
        ),
        'x-ruleOrder': oneOf(
          'seccompc: which of several rules wins.',
          ['oci', 'as runc has it'],
          ['first-match', 'the first one that matches'],
        ),
        'x-unknownArch': oneOf(
          'seccompc: for ABIs that are not named.',
          ['kill-process', 'the process ends'],
          ['kill', 'the thread ends'],
          ['errno', 'the call fails'],
        ),
        'x-enosysAbove': {
          type: ['boolean', 'object', 'null'],
          description: 'seccompc: numbers above the largest one that the rules name (or above these) get ENOSYS.',
          propertyNames: choice(archConstants()),
          additionalProperties: { type: 'integer', minimum: 0 },
        },
        'x-assert': list(
          { type: 'string', description: '"socket(AF_ALG, *, *) is denied on every ABI"' },
          'seccompc: statements about the profile; `seccompc prove` proves them.',
        ),
      },
      ['defaultAction'],
    ),
  };
}
