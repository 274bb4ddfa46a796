//! Its own part is one write and its status; all else is its library's.
use std::io::Write;

fn main() {
    let done = std::io::stdout().write_all(b"hello\n");
    std::process::exit(if done.is_ok() { 7 } else { 1 })
}
