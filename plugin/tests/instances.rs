//! Many instances in one process share one model and a few threads.
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]

mod hosts;

use echometer_tests::memory;
use hosts::audio::{Random, difference, slices};
use hosts::clap::Clap;
use hosts::system::threads;
use hosts::{Host, Setup};

const INSTANCES: usize = 16;
const BLOCK: usize = 512;

/// Plays a second with all of them at once: every processor thread has its share of the instances, as in a mixer.
fn play(hosts: &mut [Clap]) {
    let share = hosts.len().div_ceil(4);
    let mut players: Vec<_> = hosts.iter_mut().map(Clap::take_player).collect();
    std::thread::scope(|scope| {
        for (i, players) in players.chunks_mut(share).enumerate() {
            scope.spawn(move || {
                let mut random = Random::new(i as u64);
                for _ in 0..48_000 / BLOCK {
                    for player in &mut *players {
                        let block = random.noise(2, BLOCK);
                        let played = player.process(&slices(&block), random.below(2) == 0);
                        assert_eq!(difference(&slices(&block), &played.audio), None);
                    }
                }
            });
        }
    });
    for (host, player) in hosts.iter_mut().zip(players) {
        host.put_player(player);
    }
}

fn resident() -> usize {
    memory().map_or(0, |memory| memory.resident)
}

fn instance() -> Clap {
    let mut host = Clap::new();
    // Rendering waits for the meters: all of what one instance ever needs is there after a second.
    host.activate(Setup::rendering(48_000, BLOCK));
    host
}

/// One test, for it looks at the whole process.
#[test]
fn sixteen_instances_share_a_model_and_threads() {
    hosts::clap::entry();
    let count = || threads().map_or(0, |threads| threads.len());
    let (memory_0, threads_0) = (resident(), count());
    let mut hosts = vec![instance()];
    play(&mut hosts);
    let (memory_1, threads_1) = (resident(), count());
    hosts.extend((1..INSTANCES).map(|_| instance()));
    play(&mut hosts);
    let (memory_16, threads_16) = (resident(), count());
    let (first, others) = (
        memory_1.saturating_sub(memory_0),
        memory_16.saturating_sub(memory_1),
    );
    println!(
        "memory: {} KiB for the first, {} KiB for 15 more",
        first / 1024,
        others / 1024
    );
    println!("threads: {threads_0} without, {threads_1} with one, {threads_16} with {INSTANCES}");
    println!("threads: {:?}", threads());
    assert!(
        memory().is_none() || others / 15 < first / 4,
        "{first} bytes for the first, {others} for 15 more"
    );
    let ours = |name: &String| name.starts_with("echometer");
    let ours = threads()
        .unwrap_or_default()
        .iter()
        .filter(|name| ours(name))
        .count();
    assert!(ours <= 2, "{ours} analysis threads");
    hosts.clear();
}
