//! The format's strings: arrays of a fixed length that end in a zero.

use std::ffi::{CStr, c_char};

use vst3::Steinberg::FIDString;
use vst3::Steinberg::Vst::TChar;

/// Longest text that is read from a host, in units: what its own strings hold.
const LONGEST: usize = 128;

/// Writes `text`, cut where it does not fit.
pub(super) fn put(to: &mut [c_char], text: &str) {
    let Some(room) = to.len().checked_sub(1) else {
        return;
    };
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    to.fill(0);
    for (to, byte) in to.iter_mut().zip(text[..end].bytes()) {
        *to = byte as c_char;
    }
}

/// [`put`] for UTF-16.
pub(super) fn put_wide(to: &mut [TChar], text: &str) {
    to.fill(0);
    let Some(room) = to.len().checked_sub(1) else {
        return;
    };
    let mut at = 0;
    for character in text.chars() {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units);
        let Some(place) = to[..room].get_mut(at..at + units.len()) else {
            return;
        };
        place.copy_from_slice(units);
        at += units.len();
    }
}

/// Reads UTF-16 up to its zero; `None` where there is no zero in time or it is not UTF-16.
///
/// # Safety
///
/// `text` must point to units up to a zero, or to as many as the format's strings hold.
pub(super) unsafe fn take_wide(text: *const TChar) -> Option<String> {
    // SAFETY: the caller's own; nothing behind the zero is looked at.
    let units = (0..LONGEST).map(|i| unsafe { text.add(i).read() });
    let units: Vec<_> = units.take_while(|unit| *unit != 0).collect();
    (units.len() < LONGEST)
        .then(|| String::from_utf16(&units).ok())
        .flatten()
}

/// Whether `name`, which may be null, is `expected`.
///
/// # Safety
///
/// Both must be null or point to a string that ends in a zero.
pub(super) unsafe fn same(name: FIDString, expected: FIDString) -> bool {
    // SAFETY: the caller's own.
    !name.is_null() && unsafe { CStr::from_ptr(name) == CStr::from_ptr(expected) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        let mut narrow = [1; 4];
        put(&mut narrow, "aüb");
        assert_eq!(narrow, [b'a' as c_char, 0xC3u8 as c_char, 0xBCu8 as c_char, 0]);
        put(&mut narrow, "abü");
        assert_eq!(narrow, [b'a' as c_char, b'b' as c_char, 0, 0]);
        put(&mut [], "a");
        let mut wide = [1; 3];
        put_wide(&mut wide, "a🎵");
        assert_eq!(wide, [u16::from(b'a'), 0, 0]);
        put_wide(&mut wide, "🎵");
        assert_eq!(wide, [0xD83C, 0xDFB5, 0]);
        put_wide(&mut [], "a");
    }

    #[test]
    fn text_of_a_host_is_read_up_to_its_zero() {
        let read = |units: &[u16]| {
            // SAFETY: the slices below end in a zero or are as long as may be read.
            unsafe { take_wide(units.as_ptr()) }
        };
        assert_eq!(
            read(&[u16::from(b'O'), u16::from(b'n'), 0]).as_deref(),
            Some("On")
        );
        assert_eq!(read(&[0xD83C, 0]), None, "half a character");
        assert_eq!(read(&[u16::from(b'x'); LONGEST]), None, "no end");
    }
}
