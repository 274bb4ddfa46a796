/**
 * A Go source that installs the filter which its own executable carries, on every thread of the process. Standard library
 * only, no cgo; Go 1.17 or later.
 */
import { syscallNumber } from '../arch/index.ts';
import { REFUSED_STATUS } from './c-parts.ts';
import { ALL_ARCHES, goArch } from './machines.ts';
import { lineComment } from './text.ts';
import type { LoaderText } from './types.ts';

const MACHINES = ALL_ARCHES.flatMap((arch) => {
  const go = goArch(arch);
  const call = syscallNumber(arch, 'seccomp');
  return go === undefined || call === undefined ? [] : [{ arch, go, call }];
});

function goMachines(): string {
  const rows = MACHINES.map(({ arch, go, call }) => {
    const order = arch.endian === 'little' ? 'binary.LittleEndian' : 'binary.BigEndian';
    return [`"${go}":`, `{0x${arch.audit.toString(16)}, ${arch.elf.machine}, ${order}, ${call}},`] as const;
  });
  const width = Math.max(...rows.map(([key]) => key.length));
  return rows.map(([key, value]) => `\t${key.padEnd(width)} ${value}`).join('\n');
}

export function goLoader({ name, section, digest, about }: LoaderText): string {
  const pin =
    digest === undefined
      ? ''
      : `
// The SHA-256 of this program's own filter; no other is installed (export --pin).
const pinned = "${[...digest].map((b) => b.toString(16).padStart(2, '0')).join('')}"
`;
  const checkPin =
    digest === undefined
      ? ''
      : `
	if digest := sha256.Sum256(rules); hex.EncodeToString(digest[:]) != pinned {
		return 0, errors.New("the filter is not the one that this program was compiled for")
	}`;
  return `${lineComment('//', about)}

//go:build linux && (${MACHINES.map(({ go }) => go).join(' || ')})

// Package ${name} installs the seccomp filter that this program's own file carries: section ${section}, for which the
// note beside it (.note.seccompc) vouches. Call Install where the program has opened what it needs, before it listens to
// anybody, build the program (CGO_ENABLED=0 or not), and put the filter into the finished file:
//
//	seccompc build PROFILE --into PROGRAM
package ${name}

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
${digest === undefined ? '' : '\t"encoding/hex"\n'}	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

const (
	sectionName = "${section}"
	noteName    = ".note.seccompc"
	// Bytes of the longest filter: 4096 instructions.
	longest = 4096 * 8
)
${pin}
type machine struct {
	audit   uint32
	elf     elf.Machine
	order   binary.ByteOrder
	seccomp uintptr
}

var machines = map[string]machine{
${goMachines()}
}

// Install puts the filter on every thread of the process, or says why not on standard error and ends the process with
// status ${REFUSED_STATUS}.
func Install() {
	if err := TryInstall(); err != nil {
		fmt.Fprintln(os.Stderr, "seccomp: this program is not confined and ends here:", err)
		os.Exit(${REFUSED_STATUS})
	}
}

// TryInstall is Install for callers who take care of failures: the filter is in force exactly when the error is nil.
func TryInstall() error {
	own, ok := machines[runtime.GOARCH]
	if !ok {
		return errors.New("seccomp filters are unknown on this machine")
	}
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer file.Close()
	rules, flags, err := read(file, own)
	if err != nil {
		return err
	}
	return put(rules, flags, own)
}

// read finds the filter and the note in the program's file.
func read(file io.ReaderAt, own machine) ([]byte, uint32, error) {
	image, err := elf.NewFile(file)
	if err != nil {
		return nil, 0, err
	}
	if image.Machine != own.elf || image.ByteOrder != own.order {
		return nil, 0, errors.New("/proc/self/exe is for another machine")
	}
	if len(image.Sections) == 0 {
		return mapped(image, own)
	}
	rules, err := one(file, image, sectionName, longest)
	if err != nil {
		return nil, 0, err
	}
	notes, err := one(file, image, noteName, 1<<20)
	if err != nil {
		return nil, 0, err
	}
	flags, err := judge(rules, notes, own)
	return rules, flags, err
}

// one is the content of the only section of this name.
func one(file io.ReaderAt, image *elf.File, name string, most uint64) ([]byte, error) {
	var found *elf.Section
	for _, s := range image.Sections {
		if s.Name != name {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("two sections are named %s", name)
		}
		found = s
	}
	if found == nil || found.Type == elf.SHT_NOBITS {
		return nil, fmt.Errorf("this program has no section %s", name)
	}
	if found.FileSize > most {
		return nil, fmt.Errorf("section %s is too long", name)
	}
	content := make([]byte, found.FileSize)
	if _, err := file.ReadAt(content, int64(found.Offset)); err != nil {
		return nil, fmt.Errorf("section %s: %w", name, err)
	}
	return content, nil
}

// mapped finds a filter by the program headers, where the section headers are gone (build --load): at the start of the
// program's last segment, which is read-only, or behind the program headers there; the note follows.
func mapped(image *elf.File, own machine) ([]byte, uint32, error) {
	var last *elf.Prog
	for _, p := range image.Progs {
		if p.Type == elf.PT_LOAD && (last == nil || p.Vaddr > last.Vaddr) {
			last = p
		}
	}
	missing := errors.New("this program carries no filter")
	if last == nil || last.Flags&(elf.PF_R|elf.PF_W) != elf.PF_R || last.Filesz > 1<<24 {
		return nil, 0, missing
	}
	segment := make([]byte, last.Filesz)
	if _, err := last.ReadAt(segment, 0); err != nil {
		return nil, 0, err
	}
	header := 56
	if image.Class == elf.ELFCLASS32 {
		header = 32
	}
	for _, start := range []int{0, (len(image.Progs)*header + 7) &^ 7} {
		for at := start + 8; at+24 <= len(segment) && at-start <= longest; at += 8 {
			if own.order.Uint32(segment[at:]) != 9 || !bytes.HasPrefix(segment[at+12:], []byte("seccompc\\x00")) {
				continue
			}
			if flags, err := judge(segment[start:at], segment[at:], own); err == nil {
				return segment[start:at], flags, nil
			}
			break
		}
	}
	return nil, 0, missing
}

// judge looks for the note that vouches for the filter and returns the filter flags in it.
func judge(rules, notes []byte, own machine) (uint32, error) {
	if len(rules) == 0 || len(rules)%8 != 0 {
		return 0, errors.New("the filter is empty, or ends inside an instruction")
	}
	if own.order.Uint16(rules) > 0xff {
		return 0, errors.New("the filter is in the other byte order")
	}
	damaged := errors.New("the note about the filter is damaged")
	for len(notes) >= 12 {
		name, desc := uint64(own.order.Uint32(notes)), uint64(own.order.Uint32(notes[4:]))
		start := 12 + (name+3)&^3
		if start+desc > uint64(len(notes)) {
			return 0, damaged
		}
		if name == 9 && own.order.Uint32(notes[8:]) == 1 && string(notes[12:21]) == "seccompc\\x00" {
			text := notes[start : start+desc]
			if len(text) < 80 {
				return 0, damaged
			}
			if own.order.Uint32(text) != 1 {
				return 0, errors.New("the note about the filter is in a format that this loader does not know")
			}
			count := uint64(own.order.Uint32(text[72:]))
			if count > 64 || 76+4*count > desc {
				return 0, damaged
			}
			names := bytes.SplitN(text[76+4*count:], []byte{0}, 3)
			if len(names) == 3 && string(names[1]) == sectionName {
				return vouched(rules, text, text[76:76+4*count], own)
			}
		}
		next := start + (desc+3)&^3
		if next > uint64(len(notes)) {
			break
		}
		notes = notes[next:]
	}
	return 0, errors.New("no note vouches for the filter")
}

func vouched(rules, text, arches []byte, own machine) (uint32, error) {
	if digest := sha256.Sum256(rules); !bytes.Equal(digest[:], text[8:40]) {
		return 0, errors.New("the filter is not the one that its note was written for")
	}${checkPin}
	flags := own.order.Uint32(text[4:])
	// TSYNC, LOG and SPEC_ALLOW; the others are for a listener.
	if flags&^7 != 0 {
		return 0, errors.New("the note asks for a filter flag that this loader does not know")
	}
	for ; len(arches) >= 4; arches = arches[4:] {
		if own.order.Uint32(arches) == own.audit {
			return flags, nil
		}
	}
	return 0, errors.New("the filter is not for this machine")
}

// put hands the filter to the kernel, for all threads. Both calls are made by one thread: no_new_privs is a thread's own
// until the kernel takes it over to the others together with the filter.
func put(rules []byte, flags uint32, own machine) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// PR_SET_NO_NEW_PRIVS
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, 38, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("no_new_privs cannot be set: %w", errno)
	}
	program := struct {
		length uint16
		rules  unsafe.Pointer
	}{uint16(len(rules) / 8), unsafe.Pointer(&rules[0])}
	// SECCOMP_SET_MODE_FILTER with SECCOMP_FILTER_FLAG_TSYNC
	thread, _, errno := syscall.RawSyscall(own.seccomp, 1, uintptr(flags|1), uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(rules)
	if errno != 0 {
		return fmt.Errorf("the kernel did not take the filter: %w", errno)
	}
	if thread != 0 {
		return fmt.Errorf("thread %d has a filter of its own, so no thread got this one", thread)
	}
	return nil
}
`;
}
