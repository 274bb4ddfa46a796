/**
 * Every code that seccompc reports, with its usual severity. Codes are public: never renamed, never reused.
 * One block per room.
 */
import type { Severity } from './diagnostic.ts';

type Entry = { readonly severity: Severity; readonly about: string };

export const CODES = {
  // input, any kind
  INPUT_UNREADABLE: { severity: 'error', about: 'the file cannot be read' },
  INPUT_TOO_LARGE: { severity: 'error', about: 'the input is larger than any real one' },
  OUTPUT_UNWRITABLE: { severity: 'error', about: 'the output cannot be written; nothing was changed' },
  KERNEL_UNASKED: { severity: 'error', about: 'the running kernel could not be asked' },
  WEIGHTS: { severity: 'error', about: 'a file of weights that cannot be read as one' },
  USAGE: { severity: 'error', about: 'the command line, or an option of a call, cannot be understood' },
  MORE: { severity: 'note', about: 'there is more than the first thousand that are shown' },

  // profile text
  JSON_SYNTAX: { severity: 'error', about: 'the text is not JSON (comments and trailing commas are fine)' },
  JSON_DEPTH: { severity: 'error', about: 'nested deeper than any profile' },
  JSON_ENCODING: { severity: 'error', about: 'the text is not UTF-8' },
  KEY_DUPLICATE: { severity: 'warning', about: 'a key stands twice; the last one counts, as in Go' },
  KEY_CASE: { severity: 'warning', about: 'a key in unusual case; Go accepts it, crun does not' },
  KEY_UNKNOWN: { severity: 'warning', about: 'a key that no dialect has' },
  KEY_PATH: { severity: 'error', about: 'a key that asks for a path or string: seccomp sees pointers only' },
  KEY_MISSING: { severity: 'error', about: 'a required key is absent' },
  KEY_CONFLICT: { severity: 'error', about: 'two keys that exclude each other' },
  TYPE_WRONG: { severity: 'error', about: 'a value of the wrong JSON type' },
  VALUE_RANGE: { severity: 'error', about: 'a number outside its range' },
  VALUE_STRING: { severity: 'error', about: 'a string where seccomp can compare only numbers' },

  // profile meaning
  ACTION_UNKNOWN: { severity: 'error', about: 'not one of the nine actions' },
  OP_UNKNOWN: { severity: 'error', about: 'not one of the seven operators' },
  ARCH_UNKNOWN: { severity: 'error', about: 'not an architecture that seccompc knows' },
  FLAG_UNKNOWN: { severity: 'error', about: 'not a filter flag' },
  CAP_UNKNOWN: { severity: 'warning', about: 'not a capability that seccompc knows' },
  KERNEL_VERSION: { severity: 'error', about: 'a kernel version is MAJOR.MINOR' },
  ERRNO_RANGE: { severity: 'error', about: 'an errno is 0 to 4095' },
  ERRNO_UNKNOWN: { severity: 'error', about: 'not an errno name' },
  ERRNO_IGNORED: { severity: 'warning', about: 'an errno on an action that takes none' },
  NOTIFY_UNUSABLE: { severity: 'error', about: 'NOTIFY where no listener could ever be handed over' },
  NAMES_EMPTY: { severity: 'warning', about: 'a rule without names does nothing' },
  SYSCALL_UNKNOWN: { severity: 'error', about: 'no system call has this name on any architecture' },
  ARG_INDEX_REPEATED: { severity: 'warning', about: 'one argument twice in a rule: runc then ORs every condition' },
  RULE_NEVER_MATCHES: { severity: 'warning', about: 'no argument value can satisfy the conditions' },
  VALUE_TOO_WIDE: { severity: 'warning', about: 'a value above 32 bits against an argument that has 32' },
  RULE_DUPLICATE: { severity: 'warning', about: 'two unconditional rules; the first one counts' },
  RULE_SHADOWED: { severity: 'warning', about: 'an unconditional rule for the same call decides instead' },
  RULE_SUBSUMED: { severity: 'note', about: 'another rule with the same action matches all that this one does' },
  RULE_CONFLICT: { severity: 'error', about: 'two rules with different actions match the same call' },
  POLICY_TOO_LARGE: { severity: 'error', about: 'names times conditions times architectures beyond all reason' },
  ARG_WIDTH_BYPASS: { severity: 'warning', about: 'the kernel ignores the high half that the rule compares' },
  SOCKETCALL_BYPASS: { severity: 'warning', about: 'socketcall or ipc reaches the call without its arguments' },

  CALL_UNFILTERED: { severity: 'warning', about: 'a call that the kernel shows to no filter' },

  // lint: what stands in a profile and is hardly meant
  NAME_REPEATED: { severity: 'note', about: 'a name stands twice in one rule' },
  CALL_ABSENT: { severity: 'note', about: 'no architecture of the profile has the call' },
  RULE_DEFAULT: { severity: 'note', about: 'a rule that says what the default action says already' },
  ARG_POINTER: {
    severity: 'warning',
    about: 'a condition on a pointer: the filter sees an address, not what is there',
  },
  ARG_SIGN: { severity: 'warning', about: 'a negative int compared in one of the two forms in which it is passed' },
  CONDITION_ALWAYS: { severity: 'note', about: 'a condition that holds for every value' },
  VALUETWO_UNUSED: { severity: 'note', about: 'valueTwo where no operator looks at it' },
  CALL_WALKAROUND: { severity: 'warning', about: 'a restricted call beside one that does the same and runs' },
  IO_URING_BYPASS: { severity: 'warning', about: 'a restricted call that io_uring makes past every filter' },
  ABI_BYPASS: { severity: 'warning', about: 'a call denied on one ABI of a machine runs on another one' },
  PROGRAM_CANNOT_END: { severity: 'warning', about: 'exit_group is denied: no program ends as it means to' },
  PROGRAM_CANNOT_START: { severity: 'note', about: 'execve is denied: no container starts under the profile' },
  SIGNALS_CANNOT_RETURN: { severity: 'warning', about: 'rt_sigreturn is denied: no signal handler returns' },
  FALLBACK_ERRNO: {
    severity: 'warning',
    about: 'a denial that keeps the C library from falling back to an older call',
  },
  KERNEL_LACKS: { severity: 'note', about: 'a rule for a call that the target kernel does not have' },
  PROFILE_OLD: { severity: 'note', about: 'calls that are newer than any that the profile names' },
  CALL_DANGEROUS: { severity: 'warning', about: 'a call that gives much to whoever has taken over a program' },
  LISTENER_MISSING: { severity: 'warning', about: 'NOTIFY without a listenerPath: nobody answers' },
  LISTENER_UNUSED: { severity: 'note', about: 'a listenerPath, and no rule that asks it' },
  FLAG_WITHOUT_EFFECT: { severity: 'note', about: 'a filter flag that changes nothing' },
  LINT_IGNORE: { severity: 'warning', about: 'a seccompc-ignore without reason, or of a code that cannot be ignored' },
  LINT_IGNORE_UNUSED: { severity: 'note', about: 'a seccompc-ignore that silences nothing' },

  // choosing architectures
  ARCH_MISSING: { severity: 'error', about: 'neither the command nor the profile names an architecture' },
  ARCH_BYTE_ORDER: { severity: 'error', about: 'architectures of both byte orders in one program' },
  ARCH_ELF_MISMATCH: { severity: 'error', about: "the filter does not cover the ELF's own ABI" },

  // assembler text
  ASM_SYNTAX: { severity: 'error', about: 'a line that is no instruction' },
  ASM_LABEL: { severity: 'error', about: 'a label that is unknown, repeated, behind, or too far' },

  // programs: what the kernel refuses
  PROGRAM_BYTES: { severity: 'error', about: 'the size is not a whole number of 8-byte instructions' },
  PROGRAM_EMPTY: { severity: 'error', about: 'no instruction' },
  PROGRAM_LONG: { severity: 'error', about: 'more than 4096 instructions' },
  PROGRAM_END: { severity: 'error', about: 'the last instruction is not a return' },
  PROGRAM_SWAPPED: { severity: 'error', about: 'the program is in the other byte order' },
  PROGRAM_FIELD: { severity: 'error', about: 'a field of a sock_filter record is not an integer in range' },
  INSN_OPCODE: { severity: 'error', about: 'no instruction that seccomp accepts' },
  INSN_LOAD: { severity: 'error', about: 'a load outside seccomp_data or not 4-byte aligned' },
  INSN_DIV: { severity: 'error', about: 'division by the constant zero' },
  INSN_SHIFT: { severity: 'error', about: 'a constant shift of 32 or more' },
  INSN_MEM: { severity: 'error', about: 'scratch memory has slots 0 to 15' },
  INSN_JUMP: { severity: 'error', about: 'a jump past the last instruction' },
  INSN_MEM_UNSET: { severity: 'error', about: 'a scratch slot is read that may not have been stored' },

  RET_UNKNOWN_ACTION: { severity: 'warning', about: 'a return word that is no action: the kernel kills the process' },
  RET_ERRNO_CAPPED: { severity: 'warning', about: 'an errno above 4095, which the kernel cuts to 4095' },

  // compiler
  COMPILE_TOO_LONG: { severity: 'error', about: 'the policy does not fit 4096 instructions' },

  // proof
  PROOF_FAILED: { severity: 'error', about: 'the program and the policy decide a call differently: our bug' },
  PROOF_UNDECIDED: { severity: 'error', about: 'the comparison takes more work than its limit; nothing is claimed' },

  // enforce
  ENFORCE_MACHINE: { severity: 'error', about: 'no code that installs a filter for this machine' },
  ENFORCE_NOTIFY: { severity: 'error', about: 'NOTIFY in a filter that its own program installs' },
  ENFORCE_FLAGS: { severity: 'error', about: 'a filter flag that its own program cannot pass' },
  ENFORCE_START: {
    severity: 'warning',
    about: "a call is denied that the program's C library or language makes by itself",
  },
  ENFORCE_END: { severity: 'warning', about: 'exit_group is denied, with which a program ends' },
  ENFORCE_PARTLY: { severity: 'note', about: 'such a call is allowed with some arguments only' },
  DRY_RUN_DENIED: { severity: 'error', about: 'a call of a dry run that the filter would have denied' },
  DRY_RUN_UNSEEN: { severity: 'error', about: 'a dry run of which not everything could be seen' },
  ENFORCE_REACH: { severity: 'error', about: 'the start of the program is too far from the new segment' },

  // note
  NOTE_DAMAGED: { severity: 'error', about: 'the note about a filter section cannot be read' },
  NOTE_VERSION: { severity: 'error', about: 'a note of a format that this version does not know' },

  // assertions
  ASSERT_SYNTAX: { severity: 'error', about: 'a statement that the grammar of assertions does not have' },
  ASSERT_CONSTANT: { severity: 'error', about: 'a constant that is unknown, or that the argument never takes' },

  // formats
  EXPORT_NAME: { severity: 'error', about: 'a name that the language or the client does not take' },
  EXPORT_NEEDS_PROFILE: { severity: 'error', about: 'a dialect of profiles, asked for from a program' },
  EXPORT_MACHINE: { severity: 'error', about: 'the language or the client does not know the architecture' },
  EXPORT_INEXPRESSIBLE: { severity: 'error', about: 'the dialect cannot say what the profile means' },
  EXPORT_STRICTER: { severity: 'warning', about: 'the dialect lacks words; what it says instead denies more' },
  EXPORT_DIFFERENT: {
    severity: 'warning',
    about: 'the dialect lacks words; what it says instead lets no other call run',
  },
  EXPORT_LOOSER: { severity: 'error', about: 'what the dialect would say allows more than the profile' },
  EXPORT_FLAGS: { severity: 'warning', about: 'filter flags that do not reach whoever installs the filter' },

  // seccompc ci
  CONFIG_PATH: { severity: 'error', about: 'a path of a configuration that is none, or leads out of its folder' },
  ASSERT_FAILED: { severity: 'error', about: 'a statement about a profile that does not hold' },
  DIFF_LOOSENED: { severity: 'warning', about: 'a call that the base was stricter with' },
  DIFF_TIGHTENED: { severity: 'note', about: 'a call that the base was less strict with' },
  DIFF_CHANGED: { severity: 'note', about: 'a call that gets the same action as at the base, with other data' },
  BASE_MISSING: { severity: 'error', about: 'what a profile was at the base could not be had' },
  OUTPUT_STALE: { severity: 'error', about: 'a file that is made from a profile is not what the profile gives now' },
  TRACE_NOT_DENIED: { severity: 'error', about: 'a call that should be denied in a trace, and is not' },

  // differences
  IGNORE_UNUSED: { severity: 'warning', about: 'an entry of the ignore file that no difference needs any more' },

  // ELF: what cannot be read (byte offsets)
  ELF_SHORT: { severity: 'error', about: 'the file ends inside a structure' },
  ELF_MAGIC: { severity: 'error', about: 'not an ELF file' },
  ELF_CLASS: { severity: 'error', about: 'EI_CLASS is neither 32 nor 64 bit' },
  ELF_DATA: { severity: 'error', about: 'EI_DATA is neither little- nor big-endian' },
  ELF_VERSION: { severity: 'error', about: 'EI_VERSION is not 1' },
  ELF_EHSIZE: { severity: 'error', about: 'e_ehsize is smaller than the ELF header' },
  ELF_TYPE: { severity: 'error', about: 'not a relocatable, executable or shared object' },
  ELF_PHENTSIZE: { severity: 'error', about: 'e_phentsize is not the size of a program header' },
  ELF_PHDRS_OUTSIDE: { severity: 'error', about: 'the program header table leaves the file' },
  ELF_PN_XNUM: { severity: 'error', about: '65,535 program headers or more, which nothing runs' },
  ELF_SHENTSIZE: { severity: 'error', about: 'e_shentsize is not the size of a section header' },
  ELF_SHDRS_OUTSIDE: { severity: 'error', about: 'the section header table leaves the file' },
  ELF_SHNUM: { severity: 'error', about: 'e_shnum counts headers, but there is no table' },
  ELF_SHNUM_EXTENDED: { severity: 'error', about: 'the count of sections in section 0 is 0 or absurd' },
  ELF_TABLES_OVERLAP: { severity: 'error', about: 'a header table shares bytes with another one or the ELF header' },
  ELF_SHSTRNDX: { severity: 'error', about: 'e_shstrndx names no string table' },
  ELF_NAMES_END: { severity: 'error', about: 'the section name table does not end in NUL' },
  ELF_NAME_OUTSIDE: { severity: 'error', about: 'sh_name points behind the section name table' },
  ELF_SECTION_OUTSIDE: { severity: 'error', about: 'a section leaves the file' },
  ELF_SECTION_ALIGN: { severity: 'error', about: 'sh_addralign is no power of two' },
  ELF_SEGMENT_OUTSIDE: { severity: 'error', about: 'a segment leaves the file' },

  // ELF: what a verb cannot do
  ELF_NO_SECTIONS: { severity: 'error', about: 'the file has no section header table' },
  ELF_SECTION_MISSING: { severity: 'error', about: 'no section has this name' },
  ELF_SECTION_EXISTS: { severity: 'error', about: 'a section of this name is there already' },
  ELF_SECTION_TWICE: { severity: 'error', about: 'several sections have this name' },
  ELF_SECTION_NAME: { severity: 'error', about: 'a section name is empty, holds a NUL, or is taken' },
  ELF_SECTION_FIELD: { severity: 'error', about: 'a field of the new section is out of range' },
  ELF_SECTION_USED: { severity: 'error', about: 'symbols or other sections refer to the section' },
  ELF_SECTION_NOBITS: { severity: 'error', about: 'the section has no bytes in the file' },
  ELF_SECTION_LOADED: { severity: 'error', about: 'the section is part of a loaded segment that is not ours' },
  ELF_SECTION_BENEATH: { severity: 'error', about: 'the section was there before the injection' },
  ELF_TRAILING: { severity: 'error', about: 'bytes follow the end of the ELF' },
  ELF_TOO_LARGE: {
    severity: 'error',
    about: 'the offsets do not fit the ELF class, or a part is larger than in any real file',
  },
  ELF_UNDO: { severity: 'error', about: 'the undo record is damaged' },
  ELF_UNDO_MISSING: { severity: 'error', about: 'there is no undo record that fits the file' },
  ELF_MACHINE: { severity: 'error', about: 'a machine that no filter can be made for' },

  // ELF: what cannot be loaded
  ELF_NOT_PROGRAM: { severity: 'error', about: 'an object or a library: sections can be appended, not loaded' },
  ELF_NO_LOAD: { severity: 'error', about: 'no PT_LOAD segment' },
  ELF_SEGMENT_MEMSZ: { severity: 'error', about: 'p_filesz is larger than p_memsz' },
  ELF_SEGMENT_ALIGN: { severity: 'error', about: 'p_align is no power of two' },
  ELF_SEGMENT_CONGRUENCE: { severity: 'error', about: 'p_vaddr and p_offset differ modulo p_align' },
  ELF_SEGMENTS_UNSORTED: { severity: 'error', about: 'PT_LOAD segments are not sorted by address' },
  ELF_SEGMENTS_OVERLAP: { severity: 'error', about: 'two PT_LOAD segments overlap' },
  ELF_SEGMENT_TWICE: { severity: 'error', about: 'several PT_INTERP or PT_PHDR' },
  ELF_ADDRESS_SPACE: { severity: 'error', about: 'the new segment does not fit the address space' },
  ELF_ENTRY: { severity: 'error', about: 'the program has no entry in an executable segment' },
  ELF_ENFORCED: { severity: 'error', about: 'the program enforces its filter: its start depends on where things lie' },
  ELF_PADDING: { severity: 'error', about: 'the file would grow by more zeros than allowed' },

  // inspect
  INSPECT_HEADERS: {
    severity: 'error',
    about: 'the program headers were broken after they were moved for a loaded section',
  },
  INSPECT_UNMAPPED: { severity: 'error', about: 'a section claims to be loaded, and no segment holds it' },
  INSPECT_ADDRESS: { severity: 'error', about: "a section's address is not where its bytes are mapped" },
  INSPECT_FOREIGN: {
    severity: 'error',
    about: "the filter lets no call of the file's own ABI run, but calls of others",
  },
  INSPECT_DENIES_ALL: { severity: 'warning', about: 'the filter lets no call run, of any ABI' },
  INSPECT_STUB: { severity: 'error', about: 'the code that should install the filter is not ours' },
  INSPECT_STUB_FILTER: {
    severity: 'error',
    about: 'the program installs something else than the filter that is shown',
  },
  INSPECT_STUB_UNUSED: { severity: 'error', about: 'the program does not start in the code that installs its filter' },
  INSPECT_UNDO_GONE: { severity: 'warning', about: 'a note, but no undo record: nothing can be given back' },
  INSPECT_UNDO_STALE: {
    severity: 'error',
    about: 'the file was rewritten after the injection, which cannot be undone any more',
  },
  INSPECT_DIGEST: { severity: 'error', about: 'the filter is not the one that its note was written for' },
  INSPECT_ARCHES: { severity: 'error', about: 'the note names other architectures than the filter is for' },
  INSPECT_FLAGS: { severity: 'error', about: 'the note and the profile name different filter flags' },
  INSPECT_NOTE_ORPHAN: { severity: 'error', about: 'a note or profile of a filter that is not there' },
  INSPECT_NOTE_TWICE: { severity: 'error', about: 'several notes for one filter' },
  INSPECT_PROFILE_DIGEST: { severity: 'error', about: 'the profile is not the one that the note was written for' },
  INSPECT_PROFILE_DIFFERS: {
    severity: 'error',
    about: 'the profile and the filter beside it decide a call differently',
  },

  // profiles made of others
  COMBINE_INEXPRESSIBLE: { severity: 'error', about: 'what two profiles come to has no words in the dialect' },
  LEARN_EMPTY: { severity: 'error', about: 'a trace without calls that a profile could allow' },
  COMBINE_EMPTY: { severity: 'error', about: 'two profiles without an architecture in common leave nothing' },

  // recorded traces
  TRACE_EMPTY: { severity: 'error', about: 'a trace without a single system call' },
  HARNESS_FAILED: { severity: 'error', about: 'a filter says something else than a test expects of it' },
  BASELINE: { severity: 'error', about: 'a file of accepted denials that cannot be read as one' },
  TRACE_FORMAT: { severity: 'error', about: 'no reader knows the format of this trace' },
  TRACE_UNFIT: { severity: 'error', about: 'a form of trace that does not hold the calls as they were made' },
  TRACE_TOO_LARGE: { severity: 'error', about: 'the trace has more bytes, unpacked, than --max-bytes allows' },
  REPLAY_DENIED: { severity: 'error', about: 'a recorded call that the filter does not let through' },
  REPLAY_AMBIGUOUS: {
    severity: 'warning',
    about: 'a recorded call whose verdict depends on what the trace does not tell',
  },
  REPLAY_UNDECIDED: { severity: 'warning', about: 'a recorded call for which no number is known' },
  REPLAY_LACKING: { severity: 'note', about: 'a recorded call that the kernel asked about does not have' },
  REPLAY_LOGGED: { severity: 'note', about: 'a recorded call that the filter lets through and logs' },

  // starting commands
  LAUNCHER_NONE: { severity: 'error', about: 'no launcher can be made for this ABI, or with this filter flag' },
  LAUNCHER_EXECVE: { severity: 'error', about: 'the filter denies execve, with which the launcher starts the command' },
  COMMAND_MISSING: { severity: 'error', about: 'there is no such command' },
  COMMAND_UNABLE: { severity: 'error', about: 'the command is there and cannot be run' },
  COMMAND_KILLED: { severity: 'note', about: 'the command was killed by the signal that filters send' },
  RUN_FAILED: { severity: 'error', about: 'the command could not be started, or not be watched to its end' },

  // looking at processes: what could not be had
  PROCESS_MISSING: { severity: 'error', about: 'no such process or thread, or none that this user is shown' },
  PROCESS_ENDED: { severity: 'error', about: 'the process or thread has ended' },
  PROCESS_CHANGED: { severity: 'error', about: 'the number belongs to another process by now, or threads come and go' },
  PROCESS_KERNEL: { severity: 'error', about: 'a thread of the kernel, which makes no system calls' },
  PROCESS_TRACED: { severity: 'error', about: 'another program traces the process already' },
  PROCESS_BUSY: { severity: 'error', about: 'the thread did not stop: it is in a call that nothing interrupts' },
  PROCESS_DENIED: { severity: 'error', about: 'the process may not be traced' },
  PROCESS_PRIVILEGE: {
    severity: 'error',
    about: 'filters are shown to CAP_SYS_ADMIN of the first user namespace alone',
  },
  CALLER_CONFINED: { severity: 'error', about: 'filters are shown to no process that carries one itself' },
  KERNEL_UNABLE: { severity: 'error', about: 'a kernel that hands no filters out' },
  FILTER_EBPF: { severity: 'error', about: 'a filter that was not installed as classic BPF, which nobody can read' },
  FILTER_NEWER: { severity: 'error', about: 'a filter that this kernel took, and seccompc does not' },

  // looking at processes: what was found
  PROCESS_UNFILTERED: { severity: 'error', about: 'a thread that carries no filter' },
  PROCESS_STRICT: { severity: 'error', about: 'a thread in strict mode, which is another thing than a filter' },
  PROCESS_PRIVILEGES_NEW: { severity: 'warning', about: 'no_new_privs is not set' },
  PROCESS_THREADS: { severity: 'warning', about: 'threads of one process carry different filters' },
  PROCESS_LOG: { severity: 'warning', about: 'the filter flag LOG is not what the profile says' },
  FILTER_INDEX: { severity: 'error', about: 'no filter of this index' },
  FILTER_SEVERAL: { severity: 'error', about: 'several filters where one was asked for' },
} as const;

export type Code = keyof typeof CODES;

CODES satisfies Readonly<Record<string, Entry>>;
