/*
 * `hello x` prints a line and ends with status 7.
 * `hello ENTRY ADDRESS SIZE` (hexadecimal, as the file's headers have them) tells what the running program finds in its
 * own memory: the program headers that AT_PHDR leads to, and the bytes at ADDRESS, each as an FNV-1a sum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

#ifdef BIG
char big[BIG]; /* a .bss of this many bytes; a definition, so that it takes part in the layout */
#endif

static void sum(const char *what, const unsigned char *bytes, unsigned long size)
{
	unsigned int hash = 2166136261u;

	for (unsigned long i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	printf("%s %lu %08x\n", what, size, hash);
}

int main(int argc, char **argv)
{
#ifdef BIG
	big[argc] = 1;
	big[BIG - 1] = 2;
#endif
	if (argc == 4) {
		unsigned long base = getauxval(AT_ENTRY) - strtoul(argv[1], NULL, 16);
		unsigned long address = base + strtoul(argv[2], NULL, 16);

		sum("phdrs", (unsigned char *)getauxval(AT_PHDR), getauxval(AT_PHNUM) * getauxval(AT_PHENT));
		sum("section", (unsigned char *)address, strtoul(argv[3], NULL, 16));
		return 0;
	}
	printf("hello %d\n", argc);
	return 7;
}
