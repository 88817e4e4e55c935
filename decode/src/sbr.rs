//! Whether AAC packets carry spectral band replication (HE-AAC) without their container saying so.
//!
//! A decoder without it gives half the sample rate and half the band, and no error. It is in a fill element at a block's end
//! (ISO/IEC 14496-3, 4.4.2.8): what is before that cannot be told without decoding, so the end is read backwards.

/// Identifiers of syntactic elements.
const FILL: u32 = 6;
const END: u32 = 7;
/// Bits of an identifier, and of a fill element's count and of the count that goes on.
const ID: usize = 3;
const COUNT: usize = 4;
const ESCAPE: usize = 8;
/// The longest payload that a fill element can count.
const LONGEST: usize = 14 + 255;
/// Payloads that hold the replicated band, without and with a checksum.
const BANDS: [u32; 2] = [0xD, 0xE];
/// Packets looked at, and how many of them must carry it: an accident is rare, and never this frequent.
pub(crate) const PACKETS: usize = 24;
const ENOUGH: usize = 3;

/// Whether most of these packets carry it.
pub(crate) fn is_in<'a>(packets: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut all, mut with) = (0, 0);
    for packet in packets.take(PACKETS) {
        all += 1;
        with += usize::from(ends_with_bands(packet));
    }
    // Encoders may leave it out of the first packets, and of silence.
    all > 0 && with * 4 >= all * ENOUGH
}

/// Whether a packet's last fill elements hold a replicated band.
fn ends_with_bands(packet: &[u8]) -> bool {
    let bits = packet.len() * 8;
    // From each of these places the rest of the packet is fill elements and the end.
    let mut ends: Vec<usize> = (0..8)
        .filter_map(|zeros| bits.checked_sub(zeros + ID))
        .filter(|at| get(packet, *at, ID) == END && get(packet, at + ID, bits - at - ID) == 0)
        .collect();
    let mut looked = 0;
    while let Some(end) = ends.get(looked).copied() {
        looked += 1;
        for bytes in 1..=LONGEST.min(end / 8) {
            let escaped = bytes >= 15;
            let head = ID + COUNT + if escaped { ESCAPE } else { 0 };
            let Some(at) = end.checked_sub(bytes * 8 + head) else {
                break;
            };
            let count = get(packet, at + ID, COUNT) as usize;
            let said = match count {
                15 => 14 + get(packet, at + ID + COUNT, ESCAPE) as usize,
                count => count,
            };
            if get(packet, at, ID) != FILL || said != bytes || (count == 15) != escaped {
                continue;
            }
            if BANDS.contains(&get(packet, at + head, 4)) {
                return true;
            }
            if looked < 64 {
                ends.push(at);
            }
        }
    }
    false
}

/// Up to 32 bits from a place on.
fn get(packet: &[u8], at: usize, count: usize) -> u32 {
    let bit = |at: usize| packet.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    (at..at + count).fold(0, |bits, at| bits << 1 | u32::from(bit(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet of arbitrary bits, a fill element with this payload, and the end.
    fn packet(before: usize, payload: &[u8]) -> Vec<u8> {
        let mut bits: Vec<bool> = (0..before)
            .map(|i| ((i + 1) * 2_654_435_761) >> 16 & 1 == 1)
            .collect();
        let mut put =
            |value: u32, count: usize| bits.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        put(FILL, ID);
        match payload.len() {
            long @ 15.. => {
                put(15, COUNT);
                put(long as u32 - 14, ESCAPE);
            }
            short => put(short as u32, COUNT),
        }
        payload.iter().for_each(|byte| put(u32::from(*byte), 8));
        put(END, ID);
        bits.resize(bits.len().next_multiple_of(8), false);
        let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        bits.chunks(8).map(byte).collect()
    }

    #[test]
    fn bands_are_found_behind_any_block_and_nothing_else_is() {
        let (mut all, mut accidents) = (0, 0);
        for before in [100, 101, 1_003, 2_222] {
            for size in [3, 14, 15, 40, 200] {
                // As random as what codecs write.
                let mut payload: Vec<u8> = (0..size)
                    .map(|i| (((i + before) * 2_654_435_761) >> 11) as u8)
                    .collect();
                payload[0] = 0xD5;
                assert!(ends_with_bands(&packet(before, &payload)), "{before} {size}");
                payload[0] = 0x05; // fill bits
                all += 1;
                accidents += u32::from(ends_with_bands(&packet(before, &payload)));
            }
        }
        assert!(accidents * 5 < all, "{accidents} of {all}");
        assert!(!ends_with_bands(&[]) && !is_in(std::iter::empty()));
    }
}
