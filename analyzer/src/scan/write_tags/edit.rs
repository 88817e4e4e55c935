//! A file's own kind of tags, with all that is in them.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use lofty::config::{ParseOptions, WriteOptions};
use lofty::error::FileParseError;
use lofty::file::{AudioFile, FileType};
use lofty::flac::FlacFile;
use lofty::id3::v2::{Frame, Id3v2Tag, Id3v2Version};
use lofty::iff::aiff::AiffFile;
use lofty::iff::wav::WavFile;
use lofty::mp4::{Atom, AtomData, AtomIdent, Ilst, Mp4File};
use lofty::mpeg::MpegFile;
use lofty::ogg::tag::VorbisComments;
use lofty::ogg::{OggPictureStorage, VorbisFile};
use lofty::probe::Probe;
use lofty::tag::TagExt;

/// Who names MP4's free-form tags; all programs use the same.
const MEAN: &str = "com.apple.iTunes";

/// Tags that fields can be put into.
pub(super) enum Edit {
    Id3(Id3v2Tag),
    Flac(Box<FlacFile>),
    Vorbis(VorbisComments),
    Mp4(Ilst),
}

impl Edit {
    /// The tags of a file; empty ones where it has none.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let refused = |error: FileParseError| format!("its tags cannot be read ({error})");
        let probe = Probe::open(path).map_err(|error| error.to_string())?;
        let kind = probe
            .guess_file_type()
            .map_err(|error| error.to_string())?
            .file_type();
        let file = File::open(path).map_err(|error| error.to_string())?;
        let (mut file, options) = (BufReader::new(file), ParseOptions::new().read_properties(false));
        macro_rules! read {
            ($kind:ty) => {
                <$kind>::read_from(&mut file, options).map_err(refused)?
            };
        }
        Ok(match kind {
            Some(FileType::Mpeg) => Self::Id3(read!(MpegFile).remove_id3v2().unwrap_or_default()),
            Some(FileType::Wav) => Self::Id3(read!(WavFile).remove_id3v2().unwrap_or_default()),
            Some(FileType::Aiff) => Self::Id3(read!(AiffFile).remove_id3v2().unwrap_or_default()),
            Some(FileType::Vorbis) => Self::Vorbis(read!(VorbisFile).vorbis_comments().clone()),
            Some(FileType::Mp4) => Self::Mp4(read!(Mp4File).remove_ilst().unwrap_or_default()),
            Some(FileType::Flac) => {
                let mut file = Box::new(read!(FlacFile));
                if file.id3v2().is_some() {
                    return Err("it is FLAC with ID3 tags, which do not belong there".into());
                }
                if file.vorbis_comments().is_none() {
                    file.set_vorbis_comments(VorbisComments::default());
                }
                Self::Flac(file)
            }
            _ => return Err("tags of this format are not written".into()),
        })
    }

    /// The field's value.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Id3(tag) => tag.get_user_text(name).map(str::to_owned),
            Self::Flac(file) => file
                .vorbis_comments()
                .and_then(|tag| tag.get(name))
                .map(str::to_owned),
            Self::Vorbis(tag) => tag.get(name).map(str::to_owned),
            Self::Mp4(tag) => tag.get(&atom(name)).and_then(|atom| match atom.data().next() {
                Some(AtomData::UTF8(text)) => Some(text.clone()),
                _ => None,
            }),
        }
    }

    /// Puts a value in place of what the field held.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self {
            Self::Id3(tag) => {
                tag.insert_user_text(name.to_owned(), value.to_owned());
            }
            Self::Flac(file) => {
                if let Some(tag) = file.vorbis_comments_mut() {
                    tag.insert(name.to_owned(), value.to_owned());
                }
            }
            Self::Vorbis(tag) => tag.insert(name.to_owned(), value.to_owned()),
            Self::Mp4(tag) => {
                tag.replace_atom(Atom::new(atom(name), AtomData::UTF8(value.to_owned())));
            }
        }
    }

    /// Writes the tags into a file of the kind they were read from; other kinds of tags stay.
    pub(super) fn save(&self, path: &Path) -> Result<(), String> {
        let mut options = WriteOptions::new().remove_others(false);
        match self {
            Self::Id3(tag) => {
                // Whoever wrote the older version may know no other.
                options.use_id3v23(tag.original_version() != Id3v2Version::V4);
                tag.save_to_path(path, options)
            }
            Self::Flac(file) => file.save_to_path(path, options),
            Self::Vorbis(tag) => tag.save_to_path(path, options),
            Self::Mp4(tag) => tag.save_to_path(path, options),
        }
        .map_err(|error| error.to_string())
    }

    /// Whether both hold the same besides the fields of these names.
    pub(super) fn same_besides(&self, other: &Self, names: &[&str]) -> bool {
        // In their order: the tag's own `remove` would mix it up.
        let comments = |tag: &VorbisComments| {
            let ours = |key: &str| names.iter().any(|name| name.eq_ignore_ascii_case(key));
            let items = tag.items().filter(|(key, _)| !ours(key));
            let items: Vec<_> = items
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            (tag.vendor().to_owned(), items)
        };
        match (self, other) {
            (Self::Id3(one), Self::Id3(two)) => {
                let others = |frame: &&Frame<'_>| match frame {
                    Frame::UserText(text) => !names.contains(&&*text.description),
                    _ => true,
                };
                // Frames call themselves equal where only their names are: what they print is all of them.
                let all = |tag: &Id3v2Tag| {
                    let frames = tag.into_iter().filter(others);
                    frames.map(|frame| format!("{frame:?}")).collect::<Vec<_>>()
                };
                all(one) == all(two)
            }
            (Self::Flac(one), Self::Flac(two)) => {
                let rest = |file: &FlacFile| file.vorbis_comments().map(comments);
                one.pictures() == two.pictures() && rest(one) == rest(two)
            }
            (Self::Vorbis(one), Self::Vorbis(two)) => {
                one.pictures() == two.pictures() && comments(one) == comments(two)
            }
            (Self::Mp4(one), Self::Mp4(two)) => {
                let rest = |tag: &Ilst| {
                    let mut tag = tag.clone();
                    tag.retain(|known| names.iter().all(|name| *known.ident() != atom(name)));
                    tag
                };
                rest(one) == rest(two)
            }
            _ => false,
        }
    }
}

fn atom(name: &str) -> AtomIdent<'_> {
    AtomIdent::Freeform {
        mean: MEAN.into(),
        name: name.into(),
    }
}
