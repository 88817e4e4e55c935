//! How a WAV describes its samples, and the plainest way to say the same.

use super::Refused;

/// Tags of formats.
pub(super) const PCM: u16 = 1;
const ADPCM: [u16; 2] = [2, 0x11];
const FLOAT: u16 = 3;
const LAWS: [u16; 2] = [6, 7];
const EXTENSIBLE: u16 = 0xFFFE;
pub(super) const MPEG: [u16; 2] = [0x50, 0x55];

/// How samples are described.
#[derive(Debug, Clone)]
pub(super) struct Format {
    pub(super) tag: u16,
    pub(super) channels: u16,
    pub(super) rate: u32,
    bytes_per_s: u32,
    block: u16,
    pub(super) bits: u16,
    mask: Option<u32>,
    raw: Vec<u8>,
}

impl Format {
    pub(super) fn parse(raw: &[u8]) -> Result<Self, Refused> {
        let short = || Refused::Broken(format!("its chunk `fmt ` has {} bytes, and needs 16", raw.len()));
        let half = |at: usize| Some(u16::from_le_bytes(*raw.get(at..)?.first_chunk()?));
        let word = |at: usize| Some(u32::from_le_bytes(*raw.get(at..)?.first_chunk()?));
        let mut format = Self {
            tag: half(0).ok_or_else(short)?,
            channels: half(2).ok_or_else(short)?,
            rate: word(4).ok_or_else(short)?,
            bytes_per_s: word(8).ok_or_else(short)?,
            block: half(12).ok_or_else(short)?,
            bits: half(14).ok_or_else(short)?,
            mask: None,
            raw: raw.to_vec(),
        };
        if format.tag == EXTENSIBLE {
            // The valid bits, which some programs leave 0, are of no use: samples lie at the top of their bytes.
            format.mask = word(20).filter(|mask| mask.count_ones() == u32::from(format.channels));
            format.tag =
                half(24).ok_or_else(|| Refused::Broken("its extended format names no codec".into()))?;
        }
        if format.channels == 0 || format.rate == 0 {
            return Err(Refused::Broken(format!(
                "its header says {} channels at {} Hz",
                format.channels, format.rate
            )));
        }
        Ok(format)
    }

    /// Whether the container reader takes it.
    pub(super) fn is_known(&self) -> bool {
        [PCM, FLOAT].contains(&self.tag) || LAWS.contains(&self.tag) || ADPCM.contains(&self.tag)
    }

    /// Bytes of a sample of one channel: what the blocks say, if they can be so, for some programs put 24 bits into four bytes.
    fn sample_bytes(&self) -> Result<u16, Refused> {
        let by_bits = self.bits.div_ceil(8);
        let by_block = self.block / self.channels;
        // Two numbers that agree are no slip of the program that wrote them.
        let meant = by_block == by_bits || self.bytes_per_s == self.rate.wrapping_mul(self.block.into());
        let even = self.block.is_multiple_of(self.channels) && by_block >= by_bits && by_block > 0 && meant;
        let bytes = if even { by_block } else { by_bits };
        let known: &[u16] = if self.tag == FLOAT { &[4, 8] } else { &[1, 2, 3, 4] };
        if known.contains(&bytes) && by_bits > 0 {
            return Ok(bytes);
        }
        Err(Refused::Unknown(format!(
            "its samples have {} bits in blocks of {} bytes for {} channels",
            self.bits, self.block, self.channels
        )))
    }

    /// What should be known of how its samples are read.
    pub(super) fn oddity(&self) -> Option<String> {
        let bytes = self
            .sample_bytes()
            .ok()
            .filter(|_| [PCM, FLOAT].contains(&self.tag))?;
        (bytes != self.bits.div_ceil(8)).then(|| {
            format!(
                "its samples of {} bits were read from {bytes} bytes each, as its header says",
                self.bits
            )
        })
    }

    /// The plainest header that says the same, with the bytes of a frame; lengths are placeholders, up to the end.
    pub(super) fn header(&self) -> Result<(Vec<u8>, u64), Refused> {
        let (description, frame) = match self.tag {
            PCM | FLOAT => {
                let bytes = self.sample_bytes()?;
                let tag = if self.mask.is_some() { EXTENSIBLE } else { self.tag };
                (
                    self.describe(tag, bytes),
                    u64::from(bytes) * u64::from(self.channels),
                )
            }
            tag if LAWS.contains(&tag) => {
                let mut description = self.describe(tag, 1);
                description.extend([0, 0]);
                (description, u64::from(self.channels))
            }
            // Blocks of many samples: only the reader knows how many.
            _ => (self.raw.clone(), 0),
        };
        let mut header = b"RIFF\xFF\xFF\xFF\xFFWAVEfmt ".to_vec();
        header.extend((description.len() as u32).to_le_bytes());
        header.extend(&description);
        header.extend(b"data\xFF\xFF\xFF\xFF");
        Ok((header, frame))
    }

    fn describe(&self, tag: u16, bytes: u16) -> Vec<u8> {
        let block = bytes.saturating_mul(self.channels);
        let mut description = Vec::new();
        description.extend(tag.to_le_bytes());
        description.extend(self.channels.to_le_bytes());
        description.extend(self.rate.to_le_bytes());
        description.extend(self.rate.wrapping_mul(u32::from(block)).to_le_bytes());
        description.extend(block.to_le_bytes());
        description.extend((8 * bytes).to_le_bytes());
        if let Some(mask) = self.mask.filter(|_| tag == EXTENSIBLE) {
            description.extend(22u16.to_le_bytes());
            description.extend((8 * bytes).to_le_bytes());
            description.extend(mask.to_le_bytes());
            description.extend(self.tag.to_le_bytes());
            // The rest of the identifier is the same for all formats with a tag.
            description.extend(b"\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71");
        }
        description
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_sample_are_those_of_its_block() {
        let format = |channels: u16, block: u16, bits: u16| Format {
            tag: PCM,
            channels,
            rate: 8_000,
            bytes_per_s: 8_000 * u32::from(block),
            block,
            bits,
            mask: None,
            raw: Vec::new(),
        };
        for (channels, block, bits, bytes) in [
            (2, 8, 24, Some(4)),
            (2, 6, 24, Some(3)),
            (2, 4, 12, Some(2)),
            (2, 0, 16, Some(2)),
            (2, 5, 16, Some(2)),
            (1, 8, 24, None),
            (2, 4, 0, None),
        ] {
            let found = format(channels, block, bits).sample_bytes().ok();
            assert_eq!(found, bytes, "{channels} {block} {bits}");
        }
        // A block that nothing else bears out is wrong.
        let mut slip = format(1, 4, 16);
        slip.bytes_per_s = 16_000;
        assert_eq!(slip.sample_bytes().ok(), Some(2));
    }
}
