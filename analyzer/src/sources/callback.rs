//! What runs on the driver's thread. It neither allocates nor locks nor waits; tests hold it to that.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use cpal::{ErrorKind, FromSample};
use echometer_engine::tap::Tap;

/// Troubles after which the stream goes on, and what they mean.
const PASSING: [(ErrorKind, &str); 3] = [
    (
        ErrorKind::Xrun,
        "an overrun: samples were lost before they came here",
    ),
    (ErrorKind::DeviceChanged, "the system now takes another device"),
    (
        ErrorKind::RealtimeDenied,
        "the driver's thread got no real-time priority",
    ),
];

/// Troubles that end the stream, and what they mean. The last one stands for all that are not known here.
const ENDING: [(ErrorKind, &str); 8] = [
    (
        ErrorKind::DeviceNotAvailable,
        "it was unplugged, switched off or removed",
    ),
    (ErrorKind::HostUnavailable, "its sound server ended"),
    (ErrorKind::StreamInvalidated, "its stream broke off"),
    (ErrorKind::DeviceBusy, "another program holds it"),
    (ErrorKind::PermissionDenied, "the system no longer permits it"),
    (ErrorKind::ResourceExhausted, "the system ran out of resources"),
    (ErrorKind::BackendError, "its driver failed"),
    (ErrorKind::Other, "its driver failed and did not say why"),
];

/// What the driver's thread tells the one that looks after the capture.
///
/// Numbers only: a text would have to be allocated, and a queue of errors may allocate as well.
#[derive(Debug, Default)]
pub(super) struct Signs {
    blocks: AtomicU64,
    /// How often each of [`PASSING`] came since it was asked for.
    passing: [AtomicU64; PASSING.len()],
    /// The first of [`ENDING`] that came, counted from 1; 0 while there is none.
    ending: AtomicU8,
}

impl Signs {
    /// Blocks delivered so far.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
    }

    /// What happened since the last call and how often, the stream going on.
    pub(super) fn take_passing(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.passing.iter().map(|count| count.swap(0, Ordering::Relaxed));
        PASSING
            .iter()
            .zip(counts)
            .map(|((_, text), count)| (*text, count))
            .filter(|(_, count)| *count > 0)
    }

    /// Why the stream ended, if it did.
    pub(super) fn ending(&self) -> Option<&'static str> {
        let code = usize::from(self.ending.load(Ordering::Relaxed));
        ENDING.get(code.checked_sub(1)?).map(|(_, text)| *text)
    }

    /// Takes an error of the stream. Real-time safe.
    pub(super) fn error(&self, kind: ErrorKind) {
        if let Some(at) = place(&PASSING, kind) {
            self.passing[at].fetch_add(1, Ordering::Relaxed);
            return;
        }
        let code = place(&ENDING, kind).unwrap_or(ENDING.len() - 1) as u8 + 1;
        // The first one counts: those that follow are its consequences.
        let _ = self
            .ending
            .compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
    }
}

fn place(troubles: &[(ErrorKind, &str)], kind: ErrorKind) -> Option<usize> {
    troubles.iter().position(|(known, _)| *known == kind)
}

/// Takes a block of interleaved samples of any format, and of each frame the channels that are `heard`. Real-time safe.
pub(super) fn block<T>(block: &[T], channels: usize, heard: &[usize], tap: &mut Tap, signs: &Signs)
where
    T: Copy,
    f32: FromSample<T>,
{
    // Converted while down-mixing: no buffer of its own. A full ring counts its drops itself.
    tap.push_with(block.len() / channels, |frame, c| {
        f32::from_sample_(block[frame * channels + heard[c]])
    });
    signs.blocks.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passing_troubles_are_counted_and_the_first_ending_one_stays() {
        let signs = Signs::default();
        signs.error(ErrorKind::Xrun);
        signs.error(ErrorKind::Xrun);
        assert_eq!(signs.take_passing().collect::<Vec<_>>(), [(PASSING[0].1, 2)]);
        assert_eq!(signs.take_passing().count(), 0);
        assert_eq!(signs.ending(), None);
        signs.error(ErrorKind::UnsupportedOperation);
        signs.error(ErrorKind::HostUnavailable);
        assert_eq!(signs.ending(), Some("its driver failed and did not say why"));
    }

    /// The checking allocator is inactive in release builds.
    #[cfg(debug_assertions)]
    #[test]
    fn the_callbacks_never_allocate() {
        use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};
        use echometer_engine::tap::tap;

        // The check itself must be able to fail.
        let planted = assert_no_alloc(|| vec![0u8; 64]);
        assert_eq!(planted.len(), 64);
        assert!(violation_count() > 0, "a planted allocation was not seen");
        reset_violation_count();

        let signs = Signs::default();
        let (mut writer, reader) = tap(2, 4096).unwrap();
        let floats = vec![f32::NAN; 2048];
        let integers = vec![i16::MIN; 2048];
        assert_no_alloc(|| {
            // More than the ring holds: a full ring must not allocate either.
            for _ in 0..8 {
                block(&floats, 2, &[0, 1], &mut writer, &signs);
                block(&integers, 2, &[1, 0], &mut writer, &signs);
            }
            for (kind, _) in PASSING.into_iter().chain(ENDING) {
                let error = cpal::Error::new(kind);
                signs.error(error.kind());
            }
        });
        assert_eq!(violation_count(), 0, "the driver's thread allocated");
        assert_eq!(signs.blocks(), 16);
        assert!(reader.counters().dropped_blocks() > 0);
        assert!(signs.ending().is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn child() {
        echometer_tests::system_calls::child(|| {
            let signs = Signs::default();
            let (mut writer, mut reader) = echometer_engine::tap::tap(2, 4096).unwrap();
            let mut taken = echometer_engine::tap::Block::default();
            // 500 frames, which the ring's end cuts in two now and then; one sample is none.
            let mut floats = vec![0.5f32; 1000];
            floats[77] = f32::NAN;
            let integers = vec![i16::MIN; 1000];
            move || {
                for turn in 0..40_000 {
                    // The ring holds eight blocks: the last of sixteen finds it full.
                    if turn % 16 < 8 {
                        reader.read(&mut taken, 4096);
                    }
                    match turn % 2 {
                        0 => block(&floats, 2, &[0, 1], &mut writer, &signs),
                        _ => block(&integers, 2, &[1, 0], &mut writer, &signs),
                    }
                }
                for (kind, _) in PASSING.into_iter().chain(ENDING) {
                    signs.error(kind);
                }
                let counters = reader.counters();
                assert_eq!(counters.dropped_blocks(), 40_000 / 16);
                assert_eq!(counters.written_frames(), 500 * 40_000 / 16 * 15);
                assert!(counters.replaced_samples() > 0);
            }
        });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_callbacks_call_no_system() {
        echometer_tests::system_calls::none("sources::callback::tests::child");
    }
}
