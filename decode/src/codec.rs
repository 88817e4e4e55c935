//! The codec of a track.

use std::sync::LazyLock;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecId, AudioDecoder, AudioDecoderOptions, well_known};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::formats::Track;

/// Codecs that our containers may hold and nothing here decodes, by their names.
const NOT_DECODED: [(AudioCodecId, &str); 9] = [
    (well_known::CODEC_ID_OPUS, "Opus with more than two channels"),
    (well_known::CODEC_ID_SPEEX, "Speex"),
    (well_known::CODEC_ID_AC3, "AC-3"),
    (well_known::CODEC_ID_EAC3, "E-AC-3"),
    (well_known::CODEC_ID_AC4, "AC-4"),
    (well_known::CODEC_ID_DCA, "DTS"),
    (well_known::CODEC_ID_TRUEHD, "TrueHD"),
    (well_known::CODEC_ID_WAVPACK, "WavPack"),
    (
        well_known::CODEC_ID_AAC,
        "AAC of a kind that is not plain (HE-AAC, or more than two channels)",
    ),
];

/// The library's codecs, and Opus.
static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    codecs
});

/// A decoder for a track; the reason in words where there is none.
pub(crate) fn codec(track: &Track) -> Result<Box<dyn AudioDecoder>, String> {
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
        return Err("its audio track names no codec that is known".into());
    };
    let many = parameters
        .channels
        .as_ref()
        .is_some_and(|channels| channels.count() > 2);
    if parameters.codec == well_known::CODEC_ID_VORBIS && many {
        // symphonia 0.6.1 mixes the channels of such streams into one another, where they are coupled in several steps.
        return Err("holds Vorbis with more than two channels".into());
    }
    let mut parameters = parameters.clone();
    if parameters.codec == well_known::CODEC_ID_OPUS {
        // The samples to leave out at the beginning are in it. They are left out here, once, for the decoder takes them off the
        // first packet alone.
        parameters.extra_data = None;
    }
    CODECS
        .make_audio_decoder(&parameters, &AudioDecoderOptions::default())
        .map_err(|error| {
            let known = NOT_DECODED.iter().find(|(id, _)| *id == parameters.codec);
            known.map_or_else(
                || format!("its codec cannot be decoded: {error}"),
                |(_, codec)| format!("holds {codec}"),
            )
        })
}

/// An Opus track's header behind its name, where it is kept with the track.
fn opus_head(track: &Track) -> Option<&[u8]> {
    match &track.codec_params {
        Some(CodecParameters::Audio(parameters)) => parameters.extra_data.as_ref()?.strip_prefix(b"OpusHead"),
        _ => None,
    }
}

/// Samples that an Opus stream begins with and nobody should hear, where its header is kept with the track (RFC 7845, 5.1).
pub(crate) fn opus_delay(track: &Track) -> Option<u64> {
    let head = opus_head(track)?;
    Some(u16::from_le_bytes([*head.get(2)?, *head.get(3)?]).into())
}

/// What an Opus stream's samples are to be multiplied by, where its header says other than 1 (RFC 7845, 5.1).
pub(crate) fn opus_gain(track: &Track) -> Option<f32> {
    let head = opus_head(track)?;
    let gain = i16::from_le_bytes([*head.get(8)?, *head.get(9)?]);
    (gain != 0).then(|| 10f32.powf(f32::from(gain) / (20.0 * 256.0)))
}

/// The short name of a codec that is decoded here.
pub(crate) fn codec_name(codec: AudioCodecId) -> Option<&'static str> {
    CODECS
        .get_audio_decoder(codec)
        .map(|decoder| decoder.codec.info.short_name)
}

/// Whether the track is of this codec.
pub(crate) fn is(track: &Track, codec: AudioCodecId) -> bool {
    matches!(&track.codec_params, Some(CodecParameters::Audio(parameters)) if parameters.codec == codec)
}
