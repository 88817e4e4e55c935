//! What the plugin costs the audio thread: blocks of 64 samples at 48 kHz through a CLAP host, in processor time.
//!
//! The same minute of audio is played several times, and of each block the least time counts: what the plugin does in a
//! block it does every time, what the machine adds – interrupts, page faults, a hypervisor – it does not. The worst
//! single block is shown too, beside the worst of measuring nothing at all.
//!
//! `cargo bench -p echometer-plugin --bench audio_thread`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)] // A benchmark is run by those who can read why it failed.

use std::time::Duration;

use clack_host::prelude::*;
use cpu_time::ThreadTime;

const RATE: u32 = 48_000;
const BLOCK: usize = 64;
/// A minute of audio …
const BLOCKS: usize = 60 * RATE as usize / BLOCK;
/// … this many times.
const PASSES: usize = 8;
/// Blocks between two rests, so that the analysis keeps up and works beside the audio thread as it does in a host.
const BURST: usize = 64;
/// Of the time that a block lasts.
const GOAL: f64 = 0.01;

struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Quiet;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

struct Quiet;

impl SharedHandler<'_> for Quiet {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

fn main() {
    let bench = std::env::current_exe().unwrap();
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = bench.with_file_name(format!("{prefix}echometer_plugin{suffix}"));
    // SAFETY: the library is the plugin that was built with this benchmark; loading it runs nothing else.
    let entry = unsafe { PluginEntry::load(&library) }.unwrap();
    let info = HostInfo::new("Echometer's benchmark", "", "", "1").unwrap();
    let id = c"org.echometer.echometer";
    let mut instance = PluginInstance::<Handlers>::new(|()| Quiet, |_| (), &entry, id, &info).unwrap();
    let configuration = PluginAudioConfiguration {
        sample_rate: f64::from(RATE),
        min_frames_count: 1,
        max_frames_count: BLOCK as u32,
    };
    let mut least = vec![Duration::MAX; BLOCKS];
    let (mut single, mut nothing) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..PASSES {
        let stopped = instance.activate(|_, _| (), configuration).unwrap();
        let mut processor = stopped.start_processing().ok().unwrap();
        let mut seed = 1;
        for (block, least) in least.iter_mut().enumerate() {
            let time = play(&mut processor, &mut seed);
            // The first second waits for the model and warms caches up.
            if block >= RATE as usize / BLOCK {
                single = single.max(time);
                let empty = ThreadTime::now();
                nothing = nothing.max(empty.elapsed());
            }
            *least = time.min(*least);
            if block % BURST == BURST - 1 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        instance.deactivate(processor.stop_processing());
    }
    report(least, single, nothing);
}

/// Plays a block of noise and returns how long the plugin had the processor.
fn play(processor: &mut StartedPluginAudioProcessor<Handlers>, seed: &mut u32) -> Duration {
    let mut input: Vec<Vec<f32>> = (0..2)
        .map(|_| (0..BLOCK).map(|_| noise(seed)).collect())
        .collect();
    let mut output = vec![vec![0.0f32; BLOCK]; 2];
    let (mut ports_in, mut ports_out) = (AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(2, 1));
    let inputs = ports_in.with_input_buffers([AudioPortBuffer {
        latency: 0,
        channels: AudioPortBufferType::f32_input_only(input.iter_mut().map(InputChannel::variable)),
    }]);
    let mut outputs = ports_out.with_output_buffers([AudioPortBuffer {
        latency: 0,
        channels: AudioPortBufferType::f32_output_only(output.iter_mut().map(Vec::as_mut_slice)),
    }]);
    let (events_in, mut events_out) = (EventBuffer::new(), EventBuffer::with_capacity(64));
    let (events_in, mut events_out) = (events_in.as_input(), events_out.as_output());
    let start = ThreadTime::now();
    processor
        .process(&inputs, &mut outputs, &events_in, &mut events_out, None, None)
        .unwrap();
    start.elapsed()
}

fn noise(seed: &mut u32) -> f32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *seed as f32 / u32::MAX as f32 - 0.5
}

fn report(mut least: Vec<Duration>, single: Duration, nothing: Duration) {
    least.drain(..RATE as usize / BLOCK);
    least.sort();
    let lasts = BLOCK as f64 / f64::from(RATE);
    let share = |time: Duration| time.as_secs_f64() / lasts;
    let show = |name: &str, time: Duration| {
        let (micros, percent) = (time.as_secs_f64() * 1e6, share(time) * 100.0);
        println!("{name:<34} {micros:>9.2} µs {percent:>9.3} % of a block");
    };
    let worst = least[least.len() - 1];
    show("median block", least[least.len() / 2]);
    show("99.9 % of blocks", least[least.len() * 999 / 1000]);
    show("worst block", worst);
    show("worst single time", single);
    show("worst of measuring nothing", nothing);
    let verdict = if share(worst) <= GOAL { "met" } else { "missed" };
    println!("worst block, goal ≤ {} % … {verdict}", GOAL * 100.0);
}
