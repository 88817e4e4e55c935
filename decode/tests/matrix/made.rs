//! Makes the files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cases::{Case, Change};
use crate::ffmpeg::{self, Heard};

/// A file's own noise: the same in every run.
pub fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..count).map(|_| byte()).collect()
}

/// A file that was made, and what of it ffmpeg heard before it was changed.
pub struct Made {
    pub path: PathBuf,
    pub before: Option<Heard>,
}

/// Makes a file; `None` where this ffmpeg has no such encoder.
pub fn make(case: &Case, folder: &Path, number: usize) -> Option<Made> {
    let path = folder.join(format!("{number}.{}", case.extension));
    encode(case, case.rate, &case.arguments, &path)?;
    let mut made = Made { path, before: None };
    if !matches!(case.change, Change::None) {
        made.before = ffmpeg::hear(&made.path);
        let bytes = changed(case, fs::read(&made.path).unwrap(), folder, number)?;
        fs::write(&made.path, bytes).unwrap();
    }
    Some(made)
}

fn changed(case: &Case, bytes: Vec<u8>, folder: &Path, number: usize) -> Option<Vec<u8>> {
    let at = |share: f64| (bytes.len() as f64 * share) as usize;
    Some(match case.change {
        Change::None => bytes,
        Change::Cut(share) => bytes[..at(share)].to_vec(),
        Change::Behead(count) => bytes[count.min(bytes.len())..].to_vec(),
        Change::Twice => [&bytes[..], &bytes].concat(),
        Change::Join(arguments, rate) => {
            let other = folder.join(format!("{number}-other.{}", case.extension));
            encode(case, rate, arguments, &other)?;
            [bytes, fs::read(&other).unwrap()].concat()
        }
        Change::Before(junk, count) => [junk.repeat(count), bytes].concat(),
        Change::Behind(junk, count) => [bytes, junk.repeat(count)].concat(),
        Change::Insert(share, count) => {
            let (before, behind) = bytes.split_at(at(share));
            [before, &noise(number as u64, count), behind].concat()
        }
        Change::Over(share, count) => {
            let mut bytes = bytes.clone();
            let end = (at(share) + count).min(bytes.len());
            bytes.splice(at(share)..end, noise(number as u64, end - at(share)));
            bytes
        }
        Change::Id3(size) => {
            let sizes: [u8; 4] = std::array::from_fn(|i| (size >> (7 * (3 - i))) as u8 & 0x7F);
            let mut tag = [b"ID3\x04\0\0", &sizes[..]].concat();
            // As a picture has them: bytes that look like frames.
            tag.extend(noise(7, size));
            [tag, bytes].concat()
        }
        Change::By(change) => change(bytes),
    })
}

pub fn encode(case: &Case, rate: u32, arguments: &[&str], path: &Path) -> Option<()> {
    let source = ffmpeg::source(path.parent().unwrap(), case.channels, rate, case.silent);
    let seconds = case.seconds.to_string();
    let (hz, channels) = (rate.to_string(), case.channels.to_string());
    let mut line = vec![
        "-f",
        "f32le",
        "-ar",
        &hz,
        "-ac",
        &channels,
        "-t",
        &seconds,
        "-i",
        source.to_str().unwrap(),
    ];
    if arguments.contains(&"-c:v") {
        line.extend(["-f", "lavfi", "-i", "testsrc=s=600x600:d=0.04"]);
    }
    if !arguments.contains(&"-bitexact") {
        line.extend(["-metadata", "title=A title", "-metadata", "artist=An artist"]);
    }
    line.extend(arguments);
    line.push(path.to_str().unwrap());
    ffmpeg::run(&line).then_some(())
}
