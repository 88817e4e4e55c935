//! Decodes files and does nothing with them, on every core: what any other program is measured against.
//!
//! `cargo run --release -p echometer-decode --example decode_all -- LIST`, where LIST has one path a line.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{env, fs, thread};

use echometer_decode::Decoder;

fn main() -> Result<(), Box<dyn Error>> {
    let list = env::args().nth(1).ok_or("which files? name a list")?;
    let text = fs::read_to_string(list)?;
    let files: Vec<_> = text.lines().collect();
    let threads = thread::available_parallelism()?.get();
    let (next, begun) = (AtomicUsize::new(0), Instant::now());
    let seconds: f64 = thread::scope(|scope| {
        let work = || {
            let mut heard = 0.0;
            while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                heard += decode(Path::new(path)).unwrap_or(0.0);
            }
            heard
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or(0.0))
            .sum()
    });
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{} files, {seconds:.0} s of audio, {threads} threads: {took:.2} s, {:.0} times real time",
        files.len(),
        seconds / took
    );
    Ok(())
}

/// Seconds of audio in the file.
fn decode(path: &Path) -> Result<f64, Box<dyn Error>> {
    let mut decoder = Decoder::open(path)?;
    let (mut samples, mut count) = (Vec::new(), 0);
    while decoder.next(&mut samples)? {
        count += samples.len();
        samples.clear();
    }
    Ok(count as f64 / f64::from(decoder.channels()) / f64::from(decoder.rate()))
}
