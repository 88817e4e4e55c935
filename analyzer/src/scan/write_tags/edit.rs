//! A file's own kind of tags, with all that is in them.

use std::fs::File;
use std::io::{self, BufReader, Seek};
use std::path::Path;

use echometer_decode::Kind;
use lofty::config::{ParseOptions, WriteOptions};
use lofty::error::FileParseError;
use lofty::file::AudioFile;
use lofty::flac::FlacFile;
use lofty::mp4::{Atom, AtomData, AtomIdent, DataType, Ilst};
use lofty::ogg::tag::VorbisComments;
use lofty::ogg::{OpusFile, VorbisFile};
use lofty::tag::TagExt;

use super::id3v2::Tag;
use super::one::told;
use super::pieces::Piece;
use super::place::{self, Place};
use super::{comments, mp4};

/// Who names MP4's free-form tags; all programs use the same.
const MEAN: &str = "com.apple.iTunes";

/// Tags that fields can be put into.
pub(super) enum Edit {
    Id3(Tag, Place),
    Flac(Box<FlacFile>),
    Ogg(VorbisComments, Headers),
    Mp4(Ilst),
}

/// A stream's first packets: how many they are, and what that with the comments begins with.
type Headers = (isize, &'static [u8]);
const VORBIS: Headers = (3, b"\x03vorbis");
const OPUS: Headers = (2, b"OpusTags");

impl Edit {
    /// The tags of a file; empty ones where it has none. Its structure says which it can have.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let refused = |error: FileParseError| format!("its tags cannot be read ({error})");
        let kind = Kind::of(path).map_err(told)?;
        let mut file = File::open(path).map_err(told)?;
        // Without conversions: what is written back is what was there.
        let options = ParseOptions::new()
            .read_properties(false)
            .implicit_conversions(false);
        macro_rules! read {
            ($kind:ty) => {
                <$kind>::read_from(&mut BufReader::new(file), options).map_err(refused)?
            };
        }
        let id3 = |(tag, place)| Self::Id3(tag, place);
        Ok(match kind {
            Kind::Mp3 => id3(place::in_front(&mut file)?),
            Kind::Wave => id3(place::in_chunk(&mut file, place::WAV)?),
            Kind::Aiff => id3(place::in_chunk(&mut file, place::AIFF)?),
            Kind::Vorbis => Self::Ogg(read!(VorbisFile).vorbis_comments().clone(), VORBIS),
            Kind::Opus => Self::Ogg(read!(OpusFile).vorbis_comments().clone(), OPUS),
            Kind::Mp4 => Self::Mp4(mp4::list(path)?),
            Kind::Flac => {
                let mut file = Box::new(read!(FlacFile));
                if file.vorbis_comments().is_none() {
                    file.set_vorbis_comments(VorbisComments::default());
                }
                Self::Flac(file)
            }
            Kind::Other(what) => return Err(format!("it is {what}: such files are not written")),
            _ => return Err("such files are not written".into()),
        })
    }

    /// The field's value.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Id3(tag, _) => tag.get(name),
            Self::Flac(file) => file.vorbis_comments()?.get(name).map(str::to_owned),
            Self::Ogg(tag, _) => tag.get(name).map(str::to_owned),
            Self::Mp4(tag) => match tag.get(&atom(name))?.data().next()? {
                AtomData::Unknown {
                    code: DataType::Utf8,
                    data,
                } => Some(String::from_utf8_lossy(data).into_owned()),
                _ => None,
            },
        }
    }

    /// Puts a value in place of what the field held.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let put = |tag: &mut VorbisComments| tag.insert(name.to_owned(), value.to_owned());
        match self {
            Self::Id3(tag, _) => tag.set(name, value),
            Self::Flac(file) => file.vorbis_comments_mut().map_or((), put),
            Self::Ogg(tag, _) => put(tag),
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
    pub(super) fn save(&self, file: &mut File, copy: &mut File) -> Result<(), String> {
        if let Self::Id3(tag, place) = self {
            return place.fill(file, copy, &tag.bytes()?);
        }
        io::copy(file, copy).map_err(told)?;
        copy.rewind().map_err(told)?;
        let options = WriteOptions::new().remove_others(false);
        match self {
            Self::Id3(..) => Ok(()),
            Self::Flac(file) => file.save_to(copy, options),
            // The library would pad up to the next page of its own, and Ogg is written anew anyway.
            Self::Ogg(tag, _) => tag.save_to(copy, options.preferred_padding(0)),
            Self::Mp4(tag) => tag.save_to(copy, options),
        }
        .map_err(told)
    }

    /// What the tags of the file at `path`, which these are, hold.
    pub(super) fn pieces(&self, path: &Path) -> Result<Vec<Piece>, String> {
        match self {
            Self::Id3(tag, _) => Ok(tag.pieces()),
            Self::Flac(_) => comments::flac(path),
            Self::Ogg(_, (count, mark)) => comments::ogg(path, *count, mark),
            Self::Mp4(_) => mp4::pieces(path),
        }
    }

    /// What the piece is called that holds a field.
    pub(super) fn piece(&self, name: &str) -> String {
        match self {
            Self::Id3(..) => format!("TXXX:{name}"),
            Self::Flac(_) | Self::Ogg(..) => name.to_owned(),
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
