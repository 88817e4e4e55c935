//! The codec of a track.

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecId, AudioDecoder, AudioDecoderOptions, well_known};
use symphonia::core::formats::Track;

use crate::error::DecodeError;

/// Codecs that our containers may hold and nothing here decodes, by their names.
const NOT_DECODED: [(AudioCodecId, &str); 4] = [
    (well_known::CODEC_ID_OPUS, "Opus"),
    (well_known::CODEC_ID_SPEEX, "Speex"),
    (well_known::CODEC_ID_AC3, "AC-3"),
    (well_known::CODEC_ID_EAC3, "E-AC-3"),
];

/// A decoder for a track of the file or stream `name`.
pub(super) fn codec(track: &Track, name: &str) -> Result<Box<dyn AudioDecoder>, DecodeError> {
    let unsupported = |reason: String| DecodeError::Unsupported {
        name: name.to_owned(),
        reason,
    };
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
        return Err(unsupported("its audio track names no codec".into()));
    };
    symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|error| {
            let known = NOT_DECODED.iter().find(|(id, _)| *id == parameters.codec);
            unsupported(known.map_or_else(
                || format!("its codec cannot be decoded: {error}"),
                |(_, codec)| format!("holds {codec}, which cannot be decoded"),
            ))
        })
}
