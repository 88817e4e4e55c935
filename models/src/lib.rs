//! The model Echometer ships, embedded in the binary, and three excerpts of music to try it on.

#![forbid(unsafe_code)]

use echometer_engine::ModelFiles;

/// The default model. What it saw, how good it is and what it is bad at: `models/default/MODEL_CARD.md`.
pub fn default_model() -> ModelFiles {
    ModelFiles {
        card: include_bytes!("../default/card.json").as_slice().into(),
        trunk: Some(include_bytes!("../default/trunk.onnx").as_slice().into()),
        head: include_bytes!("../default/head.onnx").as_slice().into(),
    }
}

/// A bundled excerpt: 30 s of real music under a free licence of its own (`models/demo/ATTRIBUTION.md`).
#[derive(Debug, Clone, Copy)]
pub struct Demo {
    /// Short name: `dance`, `acoustic` or `voice`.
    pub name: &'static str,
    /// The track's title.
    pub title: &'static str,
    /// Who made it.
    pub artist: &'static str,
    /// Its licence.
    pub licence: &'static str,
    /// The excerpt, Ogg Vorbis.
    pub ogg: &'static [u8],
}

/// The bundled excerpts, clearly different from each other.
pub const DEMOS: &[Demo] = &[
    Demo {
        name: "dance",
        title: "Pulse (George Ellinas Remix)",
        artist: "George Ellinas",
        licence: "CC BY 3.0",
        ogg: include_bytes!("../demo/dance.ogg"),
    },
    Demo {
        name: "acoustic",
        title: "Theme 1",
        artist: "Jordan Trudgett",
        licence: "CC BY-SA 3.0",
        ogg: include_bytes!("../demo/acoustic.ogg"),
    },
    Demo {
        name: "voice",
        title: "Vérmocsár",
        artist: "Obsidian Shell",
        licence: "CC BY-SA 3.0",
        ogg: include_bytes!("../demo/voice.ogg"),
    },
];
