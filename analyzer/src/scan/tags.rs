//! What a file's own tags say.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use lofty::config::ParseOptions;
use lofty::file::{TaggedFile, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::{ItemKey, Tag};

use super::row::Tags;

/// Reads them; a file without tags, or with unreadable ones, has none. Pictures stay unread.
pub(crate) fn read(path: &Path) -> Tags {
    // Tags come from anywhere: the library is not trusted to survive all of them.
    catch_unwind(AssertUnwindSafe(|| probe(path)))
        .ok()
        .flatten()
        .map(|file| collect(&file))
        .unwrap_or_default()
}

fn probe(path: &Path) -> Option<TaggedFile> {
    let options = ParseOptions::new().read_properties(false).read_cover_art(false);
    let probe = Probe::open(path).ok()?.options(options);
    match probe.guess_file_type().ok()?.read() {
        Ok(file) => Some(file),
        Err(error) => {
            tracing::debug!(path = %path.display(), %error, "tags cannot be read");
            None
        }
    }
}

fn collect(file: &TaggedFile) -> Tags {
    // The format's own tag first.
    let tags: Vec<_> = file.primary_tag().into_iter().chain(file.tags()).collect();
    let text = |key: ItemKey| tags.iter().find_map(|tag| joined(tag, key));
    Tags {
        title: text(ItemKey::TrackTitle),
        artist: text(ItemKey::TrackArtist),
        album: text(ItemKey::AlbumTitle),
        isrc: text(ItemKey::Isrc),
        musicbrainz_id: text(ItemKey::MusicBrainzRecordingId),
    }
}

/// A field's values in one text; `None` where there is nothing to read in them.
fn joined(tag: &Tag, key: ItemKey) -> Option<String> {
    let values: Vec<_> = tag
        .get_strings(key)
        .map(|text| text.trim_matches(|c: char| c.is_whitespace() || c == '\0'))
        .filter(|text| !text.is_empty())
        .collect();
    (!values.is_empty()).then(|| values.join("; "))
}
