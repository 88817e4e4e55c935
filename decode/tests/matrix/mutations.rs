//! Good files made bad at random, the same in every run: cut, joined, patched, filled.

use std::fs;
use std::path::Path;

use echometer_decode::Choice;

use crate::cases::{Case, Change};
use crate::made::{encode, noise};
use crate::{ffmpeg, ours};

/// Lengths may be so far apart, as a share, before something has to be said.
const APART: f64 = 0.03;

/// What is made bad: codec and container as they are met most.
const BASES: [(&str, &[&str]); 14] = [
    ("wav", &["-c:a", "pcm_s16le"]),
    ("wav", &["-c:a", "pcm_s24le"]),
    ("aiff", &["-c:a", "pcm_s16be"]),
    ("flac", &["-c:a", "flac"]),
    ("mp3", &["-c:a", "libmp3lame", "-b:a", "128k"]),
    ("mp3", &["-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0"]),
    ("mp2", &["-c:a", "mp2"]),
    ("ogg", &["-c:a", "libvorbis"]),
    ("opus", &["-c:a", "libopus"]),
    ("aac", &["-c:a", "aac"]),
    ("m4a", &["-c:a", "aac", "-movflags", "+faststart"]),
    ("m4a", &["-c:a", "alac", "-movflags", "+faststart"]),
    ("mka", &["-c:a", "libvorbis"]),
    ("webm", &["-c:a", "libopus"]),
];

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        let bytes = noise(self.0, 8);
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let number = bytes
            .iter()
            .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        (number % bound.max(1) as u64) as usize
    }
}

/// One of the ways to make a file bad, and how it is called.
fn spoil(bytes: &[u8], other: &[u8], dice: &mut Dice) -> (Vec<u8>, String) {
    let at = dice.below(bytes.len());
    let size = 1 + dice.below(4_000);
    match dice.below(6) {
        0 => (bytes[..at].to_vec(), format!("cut at {at}")),
        1 => (
            bytes[at / 2..].to_vec(),
            format!("{} bytes of its beginning gone", at / 2),
        ),
        2 => ([bytes, other].concat(), "joined with another".into()),
        3 => {
            let end = (at + size).min(bytes.len());
            let mut patched = bytes.to_vec();
            patched[at..end].copy_from_slice(&noise(at as u64, end - at));
            (patched, format!("{} bytes of noise over {at}", end - at))
        }
        4 => {
            let filled = [&bytes[..at], &noise(at as u64, size), &bytes[at..]].concat();
            (filled, format!("{size} bytes of noise put in at {at}"))
        }
        _ => {
            let end = (at + size).min(bytes.len());
            (
                [&bytes[..at], &bytes[end..]].concat(),
                format!("{} bytes taken out at {at}", end - at),
            )
        }
    }
}

/// Makes `count` bad files; what of them is heard otherwise than ffmpeg hears it without a word, and all that was said.
pub fn run(count: usize, seed: u64, folder: &Path) -> (Vec<String>, Vec<String>) {
    let good: Vec<_> = BASES
        .iter()
        .enumerate()
        .filter_map(|(number, (extension, arguments))| {
            let case = Case {
                format: "",
                name: String::new(),
                extension,
                arguments: arguments.to_vec(),
                channels: 2,
                rate: if *extension == "opus" || *extension == "webm" {
                    48_000
                } else {
                    44_100
                },
                // A damaged packet, of which decoders make what they like, is less than what may differ.
                seconds: 6.0,
                change: Change::None,
                exact: false,
                packet: 0,
                silent: false,
                tells_cuts: true,
            };
            let path = folder.join(format!("good{number}.{extension}"));
            encode(&case, case.rate, arguments, &path)?;
            Some((*extension, fs::read(path).unwrap()))
        })
        .collect();
    assert!(
        good.len() > BASES.len() / 2,
        "only {} kinds of files could be made",
        good.len()
    );
    let (mut wrong, mut said) = (Vec::new(), Vec::new());
    let mut dice = Dice(seed);
    for number in 0..count {
        let (extension, bytes) = &good[dice.below(good.len())];
        let same: Vec<_> = good.iter().filter(|(kind, _)| kind == extension).collect();
        let other = &same[dice.below(same.len())].1;
        let (bad, how) = spoil(bytes, other, &mut dice);
        let path = folder.join(format!("bad.{extension}"));
        fs::write(&path, bad).unwrap();
        let theirs = ffmpeg::hear(&path).map_or(0.0, |heard| heard.seconds());
        for choice in [Choice::Auto, Choice::Builtin] {
            let outcome = ours::hear(&path, choice);
            let heard = outcome.heard.as_ref().map_or(0.0, ffmpeg::Heard::seconds);
            let apart = (heard - theirs).abs() > APART * heard.max(theirs);
            if apart && outcome.notes.is_empty() && outcome.error.is_none() {
                let kept = folder.join(format!("wrong{number}.{extension}"));
                fs::copy(&path, &kept).unwrap();
                wrong.push(format!(
                    "{extension} {number}, {how}: {heard:.3} s, ffmpeg {theirs:.3} s ({choice}) {}",
                    kept.display()
                ));
            }
            said.extend(outcome.notes.into_iter().chain(outcome.error));
        }
    }
    (wrong, said)
}
