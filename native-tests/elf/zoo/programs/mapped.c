/*
 * `mapped CLASS ENTRY ADDRESS SIZE PROGRAM [ARGUMENT...]`: what the kernel has mapped of a program before its first
 * instruction runs. CLASS is 32 or 64; ENTRY, ADDRESS and SIZE are hexadecimal, as the file's headers have them. The
 * program is stopped at its execve and killed afterwards. Prints, in hexadecimal, the program headers that AT_PHDR
 * leads to and the bytes at ADDRESS, then the permissions of the mapping that holds ADDRESS.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_of(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void print_bytes(const char *what, int mem, uint64_t address, uint64_t size)
{
	printf("%s ", what);
	while (size > 0) {
		unsigned char block[4096];
		ssize_t got = pread(mem, block, size < sizeof block ? size : sizeof block, (off_t)address);

		if (got <= 0)
			err(1, "%s: no memory at 0x%llx", what, (unsigned long long)address);
		for (ssize_t i = 0; i < got; i++)
			printf("%02x", block[i]);
		address += got;
		size -= got;
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	static unsigned char auxv[8192];
	uint64_t phdr = 0, phnum = 0, phent = 0, entry = 0, address;
	char line[8192], permissions[5];
	size_t word, size;
	ssize_t got;
	int mem, status;
	FILE *maps;
	pid_t pid;

	if (argc < 6)
		errx(2, "usage: mapped CLASS ENTRY ADDRESS SIZE PROGRAM [ARGUMENT...]");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv(argv[5], argv + 5);
		err(127, "%s", argv[5]);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		errx(1, "%s did not start: wait status 0x%x", argv[5], status);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);

	word = atoi(argv[1]) / 8;
	got = read(open_of(pid, "auxv"), auxv, sizeof auxv);
	for (unsigned char *at = auxv; at + 2 * word <= auxv + got; at += 2 * word) {
		uint64_t type = word == 8 ? *(uint64_t *)at : *(uint32_t *)at;
		uint64_t value = word == 8 ? *(uint64_t *)(at + 8) : *(uint32_t *)(at + 4);

		if (type == AT_PHDR)
			phdr = value;
		if (type == AT_PHNUM)
			phnum = value;
		if (type == AT_PHENT)
			phent = value;
		if (type == AT_ENTRY)
			entry = value;
	}
	address = entry - strtoull(argv[2], NULL, 16) + strtoull(argv[3], NULL, 16);
	size = strtoull(argv[4], NULL, 16);

	mem = open_of(pid, "mem");
	print_bytes("phdrs", mem, phdr, phnum * phent);
	print_bytes("section", mem, address, size);

	maps = fdopen(open_of(pid, "maps"), "r");
	while (fgets(line, sizeof line, maps)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx %4s", &from, &to, permissions) == 3 && from <= address && address < to)
			printf("permissions %s\n", permissions);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return 0;
}
