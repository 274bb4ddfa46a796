/* What runs before main, and what the loader prepares: a constructor, an ifunc, TLS of two threads, a destructor. */
#include <pthread.h>
#include <stdio.h>

static int built;
static __thread int counter = 40;
static __thread char zeros[5000];

__attribute__((constructor)) static void build(void)
{
	built = 1;
}

__attribute__((destructor)) static void end(void)
{
	puts("destructor");
}

static int answer(void)
{
	return 42;
}

#ifdef __GLIBC__
static int (*choose(void))(void)
{
	return answer;
}

int chosen(void) __attribute__((ifunc("choose")));
#else /* musl resolves no ifuncs */
# define chosen answer
#endif

static void *thread(void *from)
{
	counter += *(int *)from + zeros[4999];
	return (void *)(long)counter;
}

int main(void)
{
	pthread_t other;
	void *result;
	int one = 1;

	counter = 100;
	if (pthread_create(&other, NULL, thread, &one) != 0 || pthread_join(other, &result) != 0)
		return 1;
	printf("constructor %d, ifunc %d, TLS %d and %ld\n", built, chosen(), counter, (long)result);
	return 7;
}
