//! The trunk's layers as numbers, from which training, export and the card all derive.

/// One convolution over `[channels, time, frequency]`, unpadded in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Conv {
    pub(crate) channels_in: i64,
    pub(crate) channels_out: i64,
    /// Time, frequency.
    pub(crate) kernel: [i64; 2],
    /// Time, frequency.
    pub(crate) stride: [i64; 2],
    /// Zeros at both ends of the frequency axis.
    pub(crate) pad: i64,
    /// Bands that come in.
    pub(crate) bands_in: i64,
}

impl Conv {
    /// Bands that go out.
    pub(crate) fn bands_out(&self) -> i64 {
        (self.bands_in + 2 * self.pad - self.kernel[1]) / self.stride[1] + 1
    }

    /// Input columns that a streaming step keeps for the next one.
    pub(crate) fn kept(&self) -> i64 {
        self.kernel[0] - self.stride[0]
    }
}

/// The trunk's convolutions in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) mels: i64,
    pub(crate) convs: Vec<Conv>,
}

impl Geometry {
    /// Four convolutions halve time and frequency each, one looks again where both are halfway, one gathers what is left
    /// of frequency, two look along time.
    ///
    /// For 80 mels at 80 frames a second: stride 16 (0.2 s), receptive field 177 frames (2.2 s), 256 channels, about 0.8
    /// GMAC for 30 s.
    pub(crate) fn standard(mels: i64) -> Self {
        let mut convs: Vec<Conv> = Vec::new();
        let mut add = |channels_out, kernel: [i64; 2], stride: [i64; 2], pad| {
            let (channels_in, bands_in) = convs
                .last()
                .map_or((1, mels), |c| (c.channels_out, c.bands_out()));
            convs.push(Conv {
                channels_in,
                channels_out,
                kernel,
                stride,
                pad,
                bands_in,
            });
            convs.last().map_or(1, Conv::bands_out)
        };
        add(32, [5, 5], [2, 2], 2);
        add(48, [3, 3], [2, 2], 1);
        add(96, [3, 3], [2, 2], 1);
        add(96, [3, 3], [1, 1], 1);
        let bands = add(160, [3, 3], [2, 2], 1);
        add(256, [1, bands], [1, 1], 0);
        add(256, [5, 1], [1, 1], 0);
        add(256, [5, 1], [1, 1], 0);
        Self { mels, convs }
    }

    /// Frames from one column to the next.
    pub(crate) fn stride(&self) -> i64 {
        self.convs.iter().map(|conv| conv.stride[0]).product()
    }

    /// Frames that one column depends on.
    pub(crate) fn receptive_field(&self) -> i64 {
        let mut step = 1;
        let mut field = 1;
        for conv in &self.convs {
            field += (conv.kernel[0] - 1) * step;
            step *= conv.stride[0];
        }
        field
    }

    /// Values in a column.
    pub(crate) fn channels(&self) -> i64 {
        self.convs.last().map_or(self.mels, |conv| conv.channels_out)
    }

    /// Frames to leave out before a pass over a whole clip, so that its columns end on the same frames as those of a
    /// streaming pass, which takes `stride` frames at a time from the first on.
    pub(crate) fn offset(&self) -> i64 {
        (self.stride() - self.receptive_field() % self.stride()) % self.stride()
    }

    /// Fewest frames that give a column.
    pub(crate) fn shortest(&self) -> i64 {
        self.offset() + self.receptive_field()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_geometry_is_as_documented() {
        let geometry = Geometry::standard(80);
        assert_eq!(
            (geometry.stride(), geometry.receptive_field(), geometry.channels()),
            (16, 177, 256)
        );
        assert_eq!((geometry.offset(), geometry.shortest()), (15, 192));
        assert_eq!(geometry.convs[4].bands_out(), 5);
        let macs: i64 = geometry
            .convs
            .iter()
            .scan(2397, |frames, conv| {
                *frames = (*frames - conv.kernel[0]) / conv.stride[0] + 1;
                let outputs = *frames * conv.bands_out() * conv.channels_out;
                Some(outputs * conv.channels_in * conv.kernel[0] * conv.kernel[1])
            })
            .sum();
        assert!((780_000_000..820_000_000).contains(&macs), "{macs}");
    }
}
