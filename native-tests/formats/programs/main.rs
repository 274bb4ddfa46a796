// Confines itself by what seccompc export wrote, then shows what the kernel answers, in the first thread and in one that was
// there before.
mod seccomp;

use std::sync::mpsc::channel;

fn show(who: &str) {
    // libc turns any errno into -1.
    let parent = std::os::unix::process::parent_id() as i32;
    println!("{} getppid {}", who, if parent < 0 { parent } else { 0 });
    println!("{} getpid {}", who, if (std::process::id() as i32) < 0 { -1 } else { 0 });
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("try") {
        match seccomp::try_install() {
            Ok(()) => println!("confined"),
            Err(error) => {
                println!("{}", error);
                std::process::exit(3);
            }
        }
        return;
    }
    let (confined, wait) = channel();
    let second = std::thread::spawn(move || {
        wait.recv().unwrap();
        show("second");
    });
    seccomp::install();
    show("first");
    confined.send(()).unwrap();
    second.join().unwrap();
}
