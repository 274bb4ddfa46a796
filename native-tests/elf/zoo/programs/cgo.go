package main

/*
#include <stdio.h>
static int hello(int n) { printf("hello %d\n", n); fflush(stdout); return 7; }
*/
import "C"
import "os"

func main() {
	os.Exit(int(C.hello(C.int(len(os.Args)))))
}
