//! What the plugin costs the audio thread: blocks of 64 samples at 48 kHz through a CLAP host, in processor time.
//!
//! `cargo bench -p echometer-plugin --bench audio_thread`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)] // A benchmark is run by those who can read why it failed.

use std::time::Duration;

use clack_host::prelude::*;
use cpu_time::ThreadTime;

const RATE: u32 = 48_000;
const BLOCK: usize = 64;
/// Ten minutes of audio.
const BLOCKS: usize = 10 * 60 * RATE as usize / BLOCK;
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
    let stopped = instance.activate(|_, _| (), configuration).unwrap();
    let mut processor = stopped.start_processing().ok().unwrap();

    let mut times = Vec::with_capacity(BLOCKS);
    let mut seed = 1u32;
    let mut output = vec![vec![0.0f32; BLOCK]; 2];
    let (mut ports_in, mut ports_out) = (AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(2, 1));
    for block in 0..BLOCKS {
        let mut input: Vec<Vec<f32>> = (0..2)
            .map(|_| (0..BLOCK).map(|_| noise(&mut seed)).collect())
            .collect();
        let inputs = ports_in.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(input.iter_mut().map(InputChannel::variable)),
        }]);
        let mut outputs = ports_out.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(output.iter_mut().map(Vec::as_mut_slice)),
        }]);
        let (events_in, mut events_out) = (EventBuffer::new(), EventBuffer::with_capacity(64));
        let start = ThreadTime::now();
        processor
            .process(
                &inputs,
                &mut outputs,
                &events_in.as_input(),
                &mut events_out.as_output(),
                None,
                None,
            )
            .unwrap();
        times.push(start.elapsed());
        if block % BURST == BURST - 1 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    report(times);
    instance.deactivate(processor.stop_processing());
}

fn noise(seed: &mut u32) -> f32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *seed as f32 / u32::MAX as f32 - 0.5
}

fn report(mut times: Vec<Duration>) {
    // The first second warms caches up and waits for the model.
    times.drain(..RATE as usize / BLOCK);
    times.sort();
    let lasts = BLOCK as f64 / f64::from(RATE);
    let show = |name: &str, time: Duration| {
        let share = time.as_secs_f64() / lasts;
        println!(
            "{name:<8} {:>8.2} µs  {:>7.4} % of a block",
            time.as_secs_f64() * 1e6,
            share * 100.0
        );
        share
    };
    show("median", times[times.len() / 2]);
    show("99.9 %", times[times.len() * 999 / 1000]);
    show("99.99 %", times[times.len() * 9999 / 10_000]);
    let worst = show("worst", times[times.len() - 1]);
    let verdict = if worst <= GOAL { "met" } else { "missed" };
    println!(
        "worst of {} blocks, goal ≤ {} % {verdict}",
        times.len(),
        GOAL * 100.0
    );
}
