import std.stdio;

int main(string[] arguments) {
  try {
    throw new Exception("thrown");
  } catch (Exception caught) {
    writeln("hello ", arguments.length, " ", caught.msg);
  }
  return 7;
}
