// Its own part is one write and its status; all else is its runtime's, which a second thread that waits keeps busy.
package main

import (
	"os"
	"runtime"
	"syscall"
)

func main() {
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		syscall.Write(1, []byte("hello\n"))
		done <- true
	}()
	<-done
	os.Exit(7)
}
