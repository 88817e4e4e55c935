//! A file's own kind of tags, with all that is in them.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use lofty::config::{ParseOptions, WriteOptions};
use lofty::error::FileParseError;
use lofty::file::{AudioFile, FileType};
use lofty::flac::FlacFile;
use lofty::mp4::{Atom, AtomData, AtomIdent, DataType, Ilst};
use lofty::ogg::VorbisFile;
use lofty::ogg::tag::VorbisComments;
use lofty::probe::Probe;
use lofty::tag::TagExt;
use tempfile::NamedTempFile;

use super::id3v2::Tag;
use super::one::told;
use super::pieces::Piece;
use super::place::{self, Endian, Place};
use super::{comments, mp4};

/// Who names MP4's free-form tags; all programs use the same.
const MEAN: &str = "com.apple.iTunes";

/// Tags that fields can be put into.
pub(super) enum Edit {
    Id3(Tag, Place),
    Flac(Box<FlacFile>),
    Vorbis(VorbisComments),
    Mp4(Ilst),
}

impl Edit {
    /// The tags of a file; empty ones where it has none.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let refused = |error: FileParseError| format!("its tags cannot be read ({error})");
        let probe = Probe::open(path).map_err(told)?;
        let kind = probe.guess_file_type().map_err(told)?.file_type();
        let mut file = File::open(path).map_err(told)?;
        let options = ParseOptions::new().read_properties(false);
        macro_rules! read {
            ($kind:ty) => {
                <$kind>::read_from(&mut BufReader::new(file), options).map_err(refused)?
            };
        }
        let id3 = |(tag, place)| Self::Id3(tag, place);
        Ok(match kind {
            Some(FileType::Mpeg) => id3(place::in_front(&mut file)?),
            Some(FileType::Wav) => id3(place::in_chunk(&mut file, Endian::Little)?),
            Some(FileType::Aiff) => id3(place::in_chunk(&mut file, Endian::Big)?),
            Some(FileType::Vorbis) => Self::Vorbis(read!(VorbisFile).vorbis_comments().clone()),
            Some(FileType::Mp4) => Self::Mp4(mp4::list(path)?),
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
            Self::Id3(tag, _) => tag.get(name),
            Self::Flac(file) => file
                .vorbis_comments()
                .and_then(|tag| tag.get(name))
                .map(str::to_owned),
            Self::Vorbis(tag) => tag.get(name).map(str::to_owned),
            Self::Mp4(tag) => tag.get(&atom(name)).and_then(|atom| match atom.data().next() {
                Some(AtomData::Unknown {
                    code: DataType::Utf8,
                    data,
                }) => Some(String::from_utf8_lossy(data).into_owned()),
                _ => None,
            }),
        }
    }

    /// Puts a value in place of what the field held.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self {
            Self::Id3(tag, _) => tag.set(name, value),
            Self::Flac(file) => {
                if let Some(tag) = file.vorbis_comments_mut() {
                    tag.insert(name.to_owned(), value.to_owned());
                }
            }
            Self::Vorbis(tag) => tag.insert(name.to_owned(), value.to_owned()),
            Self::Mp4(tag) => {
                // The list's own `replace_atom` mixes up the order of the others.
                tag.retain(|known| *known.ident() != atom(name));
                tag.insert(Atom::new(
                    atom(name).into_owned(),
                    AtomData::UTF8(value.to_owned()),
                ));
            }
        }
    }

    /// Makes `copy`, which is empty, the file with these tags; other kinds of tags stay.
    pub(super) fn save(&self, file: &mut File, copy: &mut NamedTempFile) -> Result<(), String> {
        if let Self::Id3(tag, place) = self {
            return place.fill(file, copy.as_file_mut(), &tag.bytes()?);
        }
        io::copy(file, copy.as_file_mut()).map_err(told)?;
        let options = WriteOptions::new().remove_others(false);
        match self {
            Self::Id3(..) => Ok(()),
            Self::Flac(file) => file.save_to_path(copy.path(), options),
            Self::Vorbis(tag) => tag.save_to_path(copy.path(), options),
            Self::Mp4(tag) => tag.save_to_path(copy.path(), options),
        }
        .map_err(told)
    }

    /// What the tags of the file at `path`, which these are, hold.
    pub(super) fn pieces(&self, path: &Path) -> Result<Vec<Piece>, String> {
        match self {
            Self::Id3(tag, _) => Ok(tag.pieces()),
            Self::Flac(_) => comments::flac(path),
            Self::Vorbis(_) => comments::vorbis(path),
            Self::Mp4(_) => mp4::pieces(path),
        }
    }

    /// What the piece is called that holds a field.
    pub(super) fn piece(&self, name: &str) -> String {
        match self {
            Self::Id3(..) => format!("TXXX:{name}"),
            Self::Flac(_) | Self::Vorbis(_) => name.to_owned(),
            Self::Mp4(_) => atom(name).to_string(),
        }
    }
}

fn atom(name: &str) -> AtomIdent<'_> {
    AtomIdent::Freeform {
        mean: MEAN.into(),
        name: name.into(),
    }
}
