//! Which speaker each channel is for: the one table of where it goes in the fold-down and what it counts for loudness.

use ebur128::Channel;

use super::Stereo;

/// Most channels that can have a layout.
pub(super) const MOST: usize = 8;

/// The speakers of an input of 1–8 channels, in the order of its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    positions: [Position; MOST],
    channels: usize,
}

/// Where a speaker stands. A pair's names are of its part in the layout, not of a bit in a mask: what a 5.1 file calls its
/// back pair are the surrounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Mono,
    Left,
    Right,
    Centre,
    Lfe,
    LeftSurround,
    RightSurround,
    /// The only surround there is, behind.
    MonoSurround,
    /// Behind the surrounds.
    LeftRear,
    RightRear,
    CentreRear,
    /// Between centre and left, behind the screen.
    LeftOfCentre,
    RightOfCentre,
    LeftHeight,
    RightHeight,
    CentreHeight,
}

const H: f32 = std::f32::consts::FRAC_1_SQRT_2;

impl Position {
    /// What the fold-down gives of it to left and right, as ITU-R BS.775 says (the centre and what is behind or above at −3 dB,
    /// no LFE); and which speaker of ITU-R BS.1770 it is, whose weight the meter knows: 1.41 for those at 60° to 120° from
    /// the front and not above, 1 for all others, none for the LFE.
    const fn meaning(self) -> (Stereo, Channel) {
        match self {
            Self::Mono => ([1.0, 1.0], Channel::Center),
            Self::Left => ([1.0, 0.0], Channel::Left),
            Self::Right => ([0.0, 1.0], Channel::Right),
            Self::Centre => ([H, H], Channel::Center),
            Self::Lfe => ([0.0, 0.0], Channel::Unused),
            Self::LeftSurround => ([H, 0.0], Channel::LeftSurround),
            Self::RightSurround => ([0.0, H], Channel::RightSurround),
            Self::MonoSurround => ([0.5, 0.5], Channel::Mp180),
            Self::LeftRear => ([H, 0.0], Channel::Mp135),
            Self::RightRear => ([0.0, H], Channel::Mm135),
            Self::CentreRear => ([H, H], Channel::Mp180),
            Self::LeftOfCentre => ([1.0, 0.0], Channel::MpSC),
            Self::RightOfCentre => ([0.0, 1.0], Channel::MmSC),
            Self::LeftHeight => ([H, 0.0], Channel::Up045),
            Self::RightHeight => ([0.0, H], Channel::Um045),
            Self::CentreHeight => ([0.5, 0.5], Channel::Tp000),
        }
    }

    /// The speaker of bit `bit` of a WAVE channel mask, `mask`; `None` where the bit has no meaning.
    const fn of_bit(bit: u32, mask: u32) -> Option<Self> {
        let sides = mask & SIDES != 0;
        Some(match bit {
            0 => Self::Left,
            1 => Self::Right,
            2 => Self::Centre,
            3 => Self::Lfe,
            4 if sides => Self::LeftRear,
            5 if sides => Self::RightRear,
            4 | 9 => Self::LeftSurround,
            5 | 10 => Self::RightSurround,
            6 => Self::LeftOfCentre,
            7 => Self::RightOfCentre,
            8 if mask & (SIDES | BACK) == 0 => Self::MonoSurround,
            8 => Self::CentreRear,
            12 | 15 => Self::LeftHeight,
            14 | 17 => Self::RightHeight,
            11 | 13 | 16 => Self::CentreHeight,
            _ => return None,
        })
    }
}

/// The side pair and the back pair of a WAVE channel mask.
const SIDES: u32 = 0x600;
const BACK: u32 = 0x30;

impl Layout {
    /// What `channels` are where nothing says it: mono, stereo, 3.0, quadraphonic, 5.0, 5.1, 6.1, 7.1, in the order of WAVE.
    /// `None` for more than 8, which have no usual layout, and for none.
    pub const fn of_count(channels: u16) -> Option<Self> {
        let mask = match channels {
            1 => 0x4,
            2 => 0x3,
            3 => 0x7,
            4 => 0x33,
            5 => 0x37,
            6 => 0x3F,
            7 => 0x70F,
            8 => 0x63F,
            _ => return None,
        };
        Self::of_mask(mask, channels)
    }

    /// What a WAVE channel mask says of `channels`, which lie in the order of its bits (`0x3F` is 5.1).
    ///
    /// `None` where it does not name exactly that many speakers, names one that is unknown, or there are more than 8: then
    /// [`Self::of_count`] is the next best guess. One channel is always mono and two are always left and right: that is how
    /// they are listened to, whatever a mask says.
    pub const fn of_mask(mask: u32, channels: u16) -> Option<Self> {
        let channels = channels as usize;
        let mut positions = [Position::Mono; MOST];
        match channels {
            1 => {}
            2 => (positions[0], positions[1]) = (Position::Left, Position::Right),
            3..=MOST if mask.count_ones() as usize == channels => {
                let (mut bit, mut channel) = (0, 0);
                while channel < channels {
                    if mask & (1 << bit) != 0 {
                        match Position::of_bit(bit, mask) {
                            Some(position) => positions[channel] = position,
                            None => return None,
                        }
                        channel += 1;
                    }
                    bit += 1;
                }
            }
            _ => return None,
        }
        Some(Self { positions, channels })
    }

    /// How many channels it is of.
    pub const fn channels(&self) -> u16 {
        self.channels as u16
    }

    /// What the fold-down gives of each channel to left and right.
    pub(super) fn gains(&self) -> impl Iterator<Item = Stereo> {
        self.positions().map(|position| position.meaning().0)
    }

    /// The channels as the loudness meter knows them.
    pub(crate) fn loudness(&self) -> Vec<Channel> {
        self.positions().map(|position| position.meaning().1).collect()
    }

    fn positions(&self) -> impl Iterator<Item = Position> {
        self.positions.into_iter().take(self.channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loudness(mask: u32, channels: u16) -> Vec<Channel> {
        Layout::of_mask(mask, channels).unwrap().loudness()
    }

    #[test]
    fn a_mask_and_its_count_are_the_same_layout() {
        for (mask, channels) in [(0x7, 3), (0x33, 4), (0x37, 5), (0x3F, 6), (0x70F, 7), (0x63F, 8)] {
            assert_eq!(Layout::of_mask(mask, channels), Layout::of_count(channels));
        }
        // Whether the surrounds are called back or side makes no difference.
        assert_eq!(Layout::of_mask(0x60F, 6), Layout::of_count(6));
        assert_eq!(Layout::of_mask(0x607, 5), Layout::of_count(5));
        // One and two are what they are.
        assert_eq!(Layout::of_mask(0x8, 1), Layout::of_count(1));
        assert_eq!(Layout::of_mask(0, 2), Layout::of_count(2));
    }

    #[test]
    fn a_pair_behind_the_surrounds_is_no_surround() {
        use Channel::{Center, Left, LeftSurround, Mm135, Mp135, Mp180, Right, RightSurround, Unused};
        assert_eq!(
            loudness(0x63F, 8),
            [
                Left,
                Right,
                Center,
                Unused,
                Mp135,
                Mm135,
                LeftSurround,
                RightSurround
            ]
        );
        assert_eq!(loudness(0x107, 4), [Left, Right, Center, Mp180]);
        assert_eq!(loudness(0xB, 3), [Left, Right, Unused]);
    }

    #[test]
    fn what_a_mask_cannot_mean_is_no_layout() {
        for (mask, channels) in [
            (0x3F, 5),      // One too many …
            (0x37, 6),      // … and one too few.
            (0, 6),         // Not said.
            (1 << 18, 3),   // Reserved.
            (0x4_0003, 3),  // The same, beside what is known.
            (u32::MAX, 32), // More than have a layout.
            (0x3_FFFF, 18),
            (0, 0),
        ] {
            assert_eq!(Layout::of_mask(mask, channels), None, "{mask:#X}, {channels}");
        }
        assert_eq!((Layout::of_count(0), Layout::of_count(9)), (None, None));
    }
}
