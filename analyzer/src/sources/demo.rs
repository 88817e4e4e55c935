//! The bundled excerpts.

use echometer_decode::Decoder;
use echometer_models::{DEMOS, Demo};

use super::channels::Channels;
use super::{Input, Kind, Track};
use crate::failure::Failure;

/// Opens `demo` (all excerpts, one after the other) or `demo:NAME`.
pub(super) fn open(input: &str, channels: &Channels) -> Result<Input, Failure> {
    let wanted = input.strip_prefix("demo:");
    let tracks = DEMOS
        .iter()
        .filter(|demo| wanted.is_none_or(|name| demo.name.eq_ignore_ascii_case(name)))
        .map(|demo| channels.heard(track(demo)?))
        .collect::<Result<Vec<_>, Failure>>()?;
    if tracks.is_empty() {
        let known: Vec<_> = DEMOS.iter().map(|demo| format!("demo:{}", demo.name)).collect();
        return Err(Failure::usage(format!("there is no excerpt `{input}`"))
            .hint(format!("there are demo (all), {}", known.join(", "))));
    }
    Ok(Input::Tracks {
        tracks,
        kind: Kind::Demo,
    })
}

fn track(demo: &Demo) -> Result<Track, Failure> {
    let decoder = Decoder::from_bytes(demo.ogg, &format!("demo:{}.ogg", demo.name))?;
    Ok(Track {
        title: format!("{} – {}", demo.artist, demo.title),
        samples: Box::new(decoder),
    })
}
