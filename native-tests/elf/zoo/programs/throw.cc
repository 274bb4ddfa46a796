// Exceptions through several frames and through a destructor: the unwinder reads the program headers of the program.
#include <cstdio>
#include <stdexcept>
#include <string>

struct Guard {
  const char *name;
  ~Guard() { std::printf("unwound %s\n", name); }
};

__attribute__((noinline)) static int deep(int n) {
  Guard guard{n % 2 ? "odd" : "even"};
  if (n == 0) throw std::runtime_error("thrown " + std::to_string(n));
  return deep(n - 1) + 1;
}

int main() {
  try {
    return deep(3);
  } catch (const std::exception &caught) {
    std::printf("caught %s\n", caught.what());
    return 7;
  }
}
