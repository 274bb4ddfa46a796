// Confines itself by what seccompc export wrote, then shows what the kernel answers, in the first thread and in one that was
// there before. usage: main [diverge]    diverge: that thread has a filter of its own
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"loader/seccomp"
)

func show(who string) {
	_, _, errno := syscall.RawSyscall(syscall.SYS_GETPPID, 0, 0, 0)
	fmt.Printf("%s getppid %d\n", who, -int(errno))
	_, _, errno = syscall.RawSyscall(syscall.SYS_GETPID, 0, 0, 0)
	fmt.Printf("%s getpid %d\n", who, -int(errno))
}

func diverge() {
	allow := syscall.SockFilter{Code: 6, K: 0x7fff0000}
	program := syscall.SockFprog{Len: 1, Filter: &allow}
	syscall.RawSyscall6(syscall.SYS_PRCTL, 38, 1, 0, 0, 0, 0)
	// PR_SET_SECCOMP confines one thread.
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, 22, 2, uintptr(unsafe.Pointer(&program))); errno != 0 {
		panic(errno)
	}
}

func main() {
	mode := append(os.Args, "")[1]
	if mode == "try" {
		if err := seccomp.TryInstall(); err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
		fmt.Println("confined")
		return
	}
	started, confined, done := make(chan bool), make(chan bool), make(chan bool)
	go func() {
		runtime.LockOSThread()
		if mode == "diverge" {
			diverge()
		}
		started <- true
		<-confined
		show("second")
		done <- true
	}()
	<-started
	seccomp.Install()
	show("first")
	confined <- true
	<-done
}
