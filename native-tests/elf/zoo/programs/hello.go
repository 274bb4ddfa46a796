package main

import "syscall"

func main() {
	println("hello")
	syscall.Exit(7)
}
