/* Says hello, and does what the profile does not allow. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(void) {
    puts("hello");
    int made = socket(AF_INET, SOCK_STREAM, 0);
    printf("socket: %s\n", made < 0 ? strerror(errno) : "made");
    return 0;
}
