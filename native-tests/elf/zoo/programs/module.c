/* What modpost puts into every kernel module. */
static const char license[] __attribute__((section(".modinfo"), used)) = "license=GPL";
static const char magic[] __attribute__((section(".modinfo"), used)) = "vermagic=6.1.0 SMP mod_unload";

struct module {
	char name[56];
	int (*init)(void);
} __this_module __attribute__((section(".gnu.linkonce.this_module"))) = { .name = "zoo" };

__attribute__((section(".init.text"))) int init_module(void)
{
	return 0;
}
