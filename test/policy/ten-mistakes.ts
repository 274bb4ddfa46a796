/** A profile with ten mistakes; « » stand around the place of each. Some show when it is read, some when it is resolved. */
export const TEN_MISTAKES = `{
  // The seventh rule of the house: one run shows every mistake.
  "defaultAction": "SCMP_ACT_ALLOW",
  "architectures": ["SCMP_ARCH_X86_64", «"SCMP_ARCH_I386"»],
  "flags": ["SECCOMP_FILTER_FLAG_LOG", «"SECCOMP_FILTER_FLAG_LOGS"»],
  "syscalls": [
    { "names": ["mount", «"umonut2"»], "action": "SCMP_ACT_ERRNO" },
    { "names": ["reboot"], "action": «"SCMP_ACT_EERNO"» },
    { "names": ["swapon"], "action": "SCMP_ACT_ERRNO", "errnoRet": «4096» },
\t{ "names": ["ioctl"], "action": "SCMP_ACT_ERRNO",
\t  "args": [{ "index": 1, "value": 21522, "op": «"SCMP_CMP_EQUALS"» }] },
    { "names": ["kcmp"], "action": "SCMP_ACT_ERRNO",
      "args": [{ "index": 2, "value": «18446744073709551616», "op": "SCMP_CMP_EQ" }] },
    { "names": ["open"], "action": "SCMP_ACT_ERRNO",
      "args": [{ "index": 0, "value": «"/etc/shadow"», "op": "SCMP_CMP_EQ" }] },
    /* 🐧 */ { "names": ["unlink"], "action": "SCMP_ACT_ERRNO", «"paths"»: ["/etc"] },
    { "names": ["mmap"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7,
      "args": [{ "index": 2, "value": 4, "valueTwo": 4, "op": "SCMP_CMP_MASKED_EQ" }] },
    «{ "names": ["mmap"], "action": "SCMP_ACT_ERRNO", "errnoRet": 9,
      "args": [{ "index": 2, "value": 2, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ" }] }»,
  ],
}
`;

export const TEN_CODES: readonly string[] = [
  'ARCH_UNKNOWN',
  'FLAG_UNKNOWN',
  'SYSCALL_UNKNOWN',
  'ACTION_UNKNOWN',
  'ERRNO_RANGE',
  'OP_UNKNOWN',
  'VALUE_RANGE',
  'VALUE_STRING',
  'KEY_PATH',
  'RULE_CONFLICT',
];
