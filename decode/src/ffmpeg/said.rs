//! What ffmpeg says of a file, line by line: `[mp3 @ 0x55f] [error] Header missing`.

use crate::builtin::other_tracks;

/// Messages that are kept and told.
const KEPT: usize = 50;
const TOLD: usize = 2;
/// Words in warnings that say that not all was heard.
const LOSSES: [&str; 3] = ["corrupt", "partial file", "truncat"];

/// What it said so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    errors: Vec<String>,
    /// Whether it lost something.
    lost: bool,
    length_s: Option<f64>,
    /// Streams of the file, and those of them with sound; told before it begins.
    streams: usize,
    sounds: usize,
    began: bool,
    guessed: bool,
}

impl Said {
    /// Takes a line.
    pub(super) fn take(&mut self, line: &str) {
        let (level, text) = apart(line);
        match level {
            "error" | "fatal" | "panic" if self.errors.len() < KEPT && self.errors.last() != Some(&text) => {
                self.errors.push(text);
            }
            "warning" => {
                let small = text.to_lowercase();
                self.lost |= LOSSES.iter().any(|word| small.contains(word));
                self.guessed |= small.contains("estimating duration");
            }
            "info" if text.starts_with("Stream mapping") => self.began = true,
            "info" if text.starts_with("Stream #") && !self.began => {
                self.streams += 1;
                self.sounds += usize::from(text.contains("Audio:"));
            }
            "info" if self.length_s.is_none() => self.length_s = length_s(&text),
            _ => {}
        }
    }

    /// The file's length in seconds, where it says so; and whether that is a guess.
    pub(super) fn length_s(&self) -> (Option<f64>, bool) {
        // With others beside it, the longest of them.
        (self.length_s, self.guessed || self.streams > 1)
    }

    /// The last error.
    pub(super) fn last_error(&self) -> Option<&String> {
        self.errors.last()
    }

    /// What should be known of what was heard.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(other_tracks(self.sounds.saturating_sub(1)));
        if self.lost {
            notes.push("it is damaged or cut off (ffmpeg met a corrupt packet)".into());
        }
        if !self.errors.is_empty() {
            let more = if self.errors.len() > TOLD { " …" } else { "" };
            let first = &self.errors[..self.errors.len().min(TOLD)];
            notes.push(format!("ffmpeg says: {}{more}", first.join("; ")));
        }
        notes
    }
}

/// A line's level and text, without the parts and addresses in front of it, which differ from run to run.
fn apart(line: &str) -> (&str, String) {
    let (mut level, mut rest) = ("", line.trim());
    while let Some((inside, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        if !inside.contains(" @ ") {
            level = inside;
        }
        rest = behind.trim_start();
    }
    let text = rest.chars().filter(|c| !c.is_control()).take(200).collect();
    (level, text)
}

/// `Duration: 00:03:20.05, start: 0.0` in seconds.
fn length_s(text: &str) -> Option<f64> {
    let time = text.strip_prefix("Duration: ")?.split(',').next()?;
    let mut seconds = 0.0;
    for part in time.split(':') {
        seconds = 60.0 * seconds + part.parse::<f64>().ok()?;
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        let mut said = Said::default();
        for line in [
            "[info]   Duration: 00:01:02.50, start: 0.000000, bitrate: 352 kb/s",
            "[aist#0:0/ac3 @ 0x55b2] [dec:ac3 @ 0x55c3] [warning] corrupt decoded frame",
            "[ac3 @ 0x55f3ceef7840] [error] incomplete frame",
            "[ac3 @ 0x55f3ceef7840] [error] incomplete frame",
            "[warning] Guessed Channel Layout for Input Stream #0.0 : mono",
            "[info]   Stream #0:0: Audio: mp2",
            "[info]   Stream #0:1(eng): Audio: mp2",
            "[info] Stream mapping:",
            "[info]   Stream #0:0: Audio: pcm_f32le",
            "no level at all",
        ] {
            said.take(line);
        }
        assert_eq!(said.length_s(), (Some(62.5), true), "of one of two");
        assert_eq!(
            said.notes(),
            [
                "it holds 1 more audio track, which was not heard",
                "it is damaged or cut off (ffmpeg met a corrupt packet)",
                "ffmpeg says: incomplete frame"
            ]
        );
        assert_eq!(length_s("Duration: N/A, bitrate: N/A"), None);
    }
}
