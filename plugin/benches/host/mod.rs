//! A CLAP host that plays noise to instances of the plugin: what the benchmarks and a test share.
#![allow(dead_code)] // Each uses a part of this.

use std::process::Command;

use clack_host::prelude::*;
use echometer_engine::QUIET;

pub(crate) const RATE: u32 = 48_000;
pub(crate) const BLOCK: usize = 64;

pub(crate) struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Quiet;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

pub(crate) struct Quiet;

impl SharedHandler<'_> for Quiet {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

/// The backends, and what tells a process of [`on_each_backend`] which one is its own.
const EMBEDDED: &str = "embedded";
const ONNX_RUNTIME: &str = "ONNX Runtime";
const BACKEND: &str = "ECHOMETER_BENCH_BACKEND";

/// Calls `bench` for each backend in a process of its own, with the backend's name: for the embedded one as in a host that was started
/// like any other program, and for ONNX Runtime where the environment names one.
pub(crate) fn on_each_backend(bench: impl FnOnce(&str)) {
    if let Ok(backend) = std::env::var(BACKEND) {
        return bench(&backend);
    }
    let named = std::env::var_os("ORT_DYLIB_PATH").is_some();
    for backend in [EMBEDDED].into_iter().chain(named.then_some(ONNX_RUNTIME)) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(BACKEND, backend);
        if backend == EMBEDDED {
            command.env_remove("ORT_DYLIB_PATH").env_remove(QUIET.0);
        }
        assert!(command.status().unwrap().success(), "{backend}");
    }
}

/// Panics unless the plugin, which must have loaded its model, runs on `backend`. Nothing but Linux tells.
pub(crate) fn assert_on(backend: &str) {
    if let Ok(maps) = std::fs::read_to_string("/proc/self/maps") {
        assert_eq!(
            maps.contains("libonnxruntime"),
            backend == ONNX_RUNTIME,
            "{backend}"
        );
    }
}

/// The plugin that was built with the benchmark.
pub(crate) fn load() -> PluginEntry {
    let bench = std::env::current_exe().unwrap();
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = bench.with_file_name(format!("{prefix}echometer_plugin{suffix}"));
    // SAFETY: the library is the plugin that was built with this benchmark; loading it runs nothing else.
    unsafe { PluginEntry::load(&library) }.unwrap()
}

pub(crate) fn instance(entry: &PluginEntry) -> PluginInstance<Handlers> {
    let info = HostInfo::new("Echometer's benchmark", "", "", "1").unwrap();
    PluginInstance::new(|()| Quiet, |_| (), entry, c"org.echometer.echometer", &info).unwrap()
}

pub(crate) fn start(instance: &mut PluginInstance<Handlers>) -> StartedPluginAudioProcessor<Handlers> {
    let configuration = PluginAudioConfiguration {
        sample_rate: f64::from(RATE),
        min_frames_count: 1,
        max_frames_count: BLOCK as u32,
    };
    let stopped = instance.activate(|_, _| (), configuration).unwrap();
    stopped.start_processing().ok().unwrap()
}

/// Plays a block of noise; `around` is given what calls the plugin, and calls it once.
pub(crate) fn play<R>(
    processor: &mut StartedPluginAudioProcessor<Handlers>,
    seed: &mut u32,
    around: impl FnOnce(&mut dyn FnMut()) -> R,
) -> R {
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
    around(&mut || {
        processor
            .process(&inputs, &mut outputs, &events_in, &mut events_out, None, None)
            .unwrap();
    })
}

fn noise(seed: &mut u32) -> f32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *seed as f32 / u32::MAX as f32 - 0.5
}
