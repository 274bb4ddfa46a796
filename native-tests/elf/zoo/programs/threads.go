// Goroutines, a recovered panic with its stack walk, garbage collection: the runtime reads its own tables.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

func fails() (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	var none []int
	return fmt.Sprint(none[len(os.Args)+4])
}

func main() {
	done := make(chan string)
	for i := 0; i < 4; i++ {
		go func() { done <- fails() }()
	}
	for i := 0; i < 4; i++ {
		fmt.Println(<-done)
	}
	runtime.GC()
	_, file, line, _ := runtime.Caller(0)
	fmt.Println(strings.HasSuffix(file, ".go"), line > 1)
	os.Exit(7)
}
