/* A library to preload: every descriptor is a terminal. */
int isatty(int fd)
{
	(void)fd;
	return 1;
}
