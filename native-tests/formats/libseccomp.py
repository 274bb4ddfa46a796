"""A profile of the OCI runtime-spec as a program, made by libseccomp as a container runtime has it made.

usage: python3 libseccomp.py PROFILE.json PROGRAM.bpf
Prints 'SCMP_ARCH_X name' for every name that this libseccomp does not know there; runtimes pass over them.
"""
import ctypes
import json
import os
import sys

lib = ctypes.CDLL("libseccomp.so.2")


class Compare(ctypes.Structure):
    """struct scmp_arg_cmp"""

    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


lib.seccomp_init.restype = ctypes.c_void_p
lib.seccomp_init.argtypes = [ctypes.c_uint32]
lib.seccomp_arch_resolve_name.restype = ctypes.c_uint32
lib.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
lib.seccomp_arch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
lib.seccomp_arch_remove.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
lib.seccomp_rule_add_array.argtypes = [
    ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Compare)]
lib.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]

OPS = {"NE": 1, "LT": 2, "LE": 3, "EQ": 4, "GE": 5, "GT": 6, "MASKED_EQ": 7}
ACTIONS = {
    "KILL": 0, "KILL_THREAD": 0, "KILL_PROCESS": 0x80000000, "TRAP": 0x30000, "ERRNO": 0x50000, "NOTIFY": 0x7FC00000,
    "TRACE": 0x7FF00000, "LOG": 0x7FFC0000, "ALLOW": 0x7FFF0000}
NATIVE = 0
UNKNOWN = -1
# From here down, numbers of calls that an architecture lacks; above, those of calls behind socketcall and ipc.
LACKING = -10000


def action(name, errno):
    word = ACTIONS[name.removeprefix("SCMP_ACT_")]
    return word | (1 if errno is None else errno) if name in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE") else word


def check(result):
    if result != 0:
        sys.exit(f"libseccomp says {os.strerror(-result)}")


with open(sys.argv[1]) as file:
    profile = json.load(file)
default = action(profile["defaultAction"], profile.get("defaultErrnoRet"))
context = lib.seccomp_init(default)
check(lib.seccomp_arch_remove(context, NATIVE))
tokens = {}
for name in profile["architectures"]:
    tokens[name] = token = lib.seccomp_arch_resolve_name(name.removeprefix("SCMP_ARCH_").lower().encode())
    check(lib.seccomp_arch_add(context, token) if token else -22)
unknown = set()
for rule in profile.get("syscalls", []):
    word = action(rule["action"], rule.get("errnoRet"))
    if word == default:
        continue
    args = [Compare(a["index"], OPS[a["op"].removeprefix("SCMP_CMP_")], a["value"], a.get("valueTwo", 0))
            for a in rule.get("args", [])]
    indexes = [a.arg for a in args]
    alternatives = [args] if len(set(indexes)) == len(indexes) else [[a] for a in args]
    for name in rule["names"]:
        number = lib.seccomp_syscall_resolve_name(name.encode())
        for arch, token in tokens.items():
            there = lib.seccomp_syscall_resolve_name_arch(token, name.encode())
            if there == UNKNOWN or there <= LACKING:
                unknown.add(f"{arch} {name}")
        if number == UNKNOWN:
            continue
        for conditions in alternatives:
            array = (Compare * len(conditions))(*conditions)
            check(lib.seccomp_rule_add_array(context, word, number, len(conditions), array))
fd = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
check(lib.seccomp_export_bpf(context, fd))
print("\n".join(sorted(unknown)))
