//! Readings as they leave the plugin: Open Sound Control to a socket of the test, and what they must be.

use std::collections::BTreeMap;
use std::net::UdpSocket;

use echometer_engine::{Device, Feature, InputFormat, Model, Scorer};
use rosc::{OscPacket, OscType};
use serde_json::json;

use super::audio::{Music, interleave, part};
use super::{Host, Setup};

/// One bundle: addresses and values.
pub(crate) type Bundle = BTreeMap<String, f32>;

/// A socket that the plugin sends to.
pub(crate) struct Ear(UdpSocket);

impl Ear {
    pub(crate) fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        Self(socket)
    }

    /// A state in which OSC is on and comes here.
    pub(crate) fn state(&self) -> serde_json::Value {
        let target = self.0.local_addr().unwrap().to_string();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "params": { "osc": { "bool": true } },
            "fields": { "osc-target": serde_json::to_string(&target).unwrap() },
        })
    }

    /// What has come since the last call.
    pub(crate) fn heard(&self) -> Vec<Bundle> {
        let mut bytes = [0; 4096];
        let mut bundles = Vec::new();
        while let Ok((length, _)) = self.0.recv_from(&mut bytes) {
            let (_, packet) = rosc::decoder::decode_udp(&bytes[..length]).unwrap();
            let OscPacket::Bundle(bundle) = packet else {
                panic!("no bundle: {packet:?}");
            };
            bundles.push(bundle.content.into_iter().map(entry).collect());
        }
        bundles
    }
}

impl Ear {
    /// What has come since the last call, waiting a while for so many.
    pub(crate) fn heard_at_least(&self, count: usize) -> Vec<Bundle> {
        let mut bundles = self.heard();
        for _ in 0..3_000 {
            if bundles.len() >= count {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
            bundles.extend(self.heard());
        }
        bundles
    }
}

fn entry(packet: OscPacket) -> (String, f32) {
    match packet {
        OscPacket::Message(message) => match message.args[..] {
            [OscType::Float(value)] => (message.addr, value),
            ref other => panic!("{}: {other:?}", message.addr),
        },
        OscPacket::Bundle(bundle) => panic!("a bundle in a bundle: {bundle:?}"),
    }
}

/// Renders `music` with a new instance and returns its readings. `block` gives the length of each block.
pub(crate) fn rendered<H: Host>(
    music: &Music,
    longest: usize,
    mut block: impl FnMut() -> usize,
) -> Vec<Bundle> {
    let ear = Ear::new();
    let mut host = H::new();
    host.set_channels(music.channels.len());
    assert!(host.load_json(&ear.state()));
    host.activate(Setup::rendering(music.rate, longest));
    let frames = music.channels[0].len();
    let (mut start, mut bundles) = (0, Vec::new());
    while start < frames {
        let end = frames.min(start + block().clamp(1, longest));
        let input = part(&music.channels, start..end);
        host.process(&input, false);
        // Rendering waits for the readings, so all of this block's are here.
        bundles.extend(ear.heard());
        start = end;
    }
    // On a very busy machine a VST3 render is as slow as playing, is taken for it, and does not wait.
    let due = frames * 10 / music.rate as usize;
    bundles.extend(ear.heard_at_least(due - bundles.len().min(due)));
    host.deactivate();
    bundles
}

/// The engine's own readings of the same samples, as bundles.
pub(crate) fn expected(music: &Music) -> Vec<Bundle> {
    let model = Model::load(&echometer_models::default_model(), Device::Auto).unwrap();
    let input = InputFormat::new(music.rate, music.channels.len() as u16);
    let mut scorer = Scorer::new(&model, input, 10.0).unwrap();
    let mut readings = Vec::new();
    scorer.push(&interleave(&music.channels), &mut readings).unwrap();
    let bundle = |reading: echometer_engine::Reading| {
        let values = Feature::ALL.into_iter();
        let values = values.filter_map(|feature| Some((feature.name(), reading.values[feature]?)));
        let all = values.chain([("coverage", reading.coverage)]);
        all.map(|(name, value)| (format!("/echometer/{name}"), value))
            .collect()
    };
    readings.into_iter().map(bundle).collect()
}

/// The first difference of more than `tolerance` between two sequences of readings.
pub(crate) fn difference(a: &[Bundle], b: &[Bundle], tolerance: f32) -> Option<String> {
    if a.len() != b.len() {
        return Some(format!("{} readings against {}", a.len(), b.len()));
    }
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        let (names, others): (Vec<_>, Vec<_>) = (a.keys().collect(), b.keys().collect());
        if names != others {
            return Some(format!("reading {i}: {names:?} against {others:?}"));
        }
        for (name, value) in a {
            if (value - b[name]).abs() > tolerance {
                return Some(format!("reading {i}, {name}: {value} against {}", b[name]));
            }
        }
    }
    None
}
