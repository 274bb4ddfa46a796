// A panic that is caught: unwinding reads the program headers.
fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let count = std::env::args().count();
    let caught = std::panic::catch_unwind(|| if count > 0 { panic!("thrown") });
    let sum: usize = (0..4).map(|i| std::thread::spawn(move || i * i)).map(|t| t.join().unwrap()).sum();
    println!("hello {} {} {}", count, caught.is_err(), sum);
    std::process::exit(7);
}
