// An operator that confines itself by the filter which its own executable carries.
package main

import (
	"fmt"
	"syscall"
)

//go:generate seccompc lint seccomp.jsonc --level error
//go:generate seccompc export --format go-loader --name main -o seccomp_linux.go

func main() {
	// Ends the program where the filter is missing, damaged or another one than seccompc put in.
	Install()
	fmt.Println("operator: confined")
	fmt.Println("mount:", syscall.Mount("none", "/", "tmpfs", 0, ""))
}
