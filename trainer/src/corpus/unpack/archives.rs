//! Archives inside of packages: zip files under any name, and Qt resource files.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::store::{Store, StoreError, md5_hex};
use super::{LARGEST_ARCHIVE, Refused};
use crate::corpus::list::{Place, Track};

/// Largest stream in a resource file that is looked at, in bytes: it is held in memory.
const LARGEST_STREAM: u64 = 64 << 20;

/// One outcome a track.
pub(super) type Outcomes = Vec<Result<(), StoreError>>;

/// Tracks that are entries of a zip file.
pub(super) fn zip(file: File, tracks: &[&Track], store: &Store) -> Outcomes {
    let mut zip = match zip::ZipArchive::new(BufReader::new(file)) {
        Ok(zip) => zip,
        Err(error) => return damaged(tracks, &error.to_string()),
    };
    tracks
        .iter()
        .map(|track| {
            let Place::Zip { entry, .. } = track.place() else {
                return Err(StoreError::Refused(Refused::Missing));
            };
            let mut entry = match zip.by_name(entry) {
                Ok(entry) if entry.is_file() => entry,
                Ok(_) | Err(zip::result::ZipError::FileNotFound) => {
                    return Err(StoreError::Refused(Refused::Missing));
                }
                Err(error) => return Err(broken(&error)),
            };
            // An entry that does not unpack concerns it alone.
            store.keep(&mut entry, track).map_err(|error| match error {
                StoreError::Read(error) => broken(&error),
                error => error,
            })
        })
        .collect()
}

/// Tracks that are streams of a Qt resource file: each behind its length, told by its MD5.
pub(super) fn resource(mut file: File, tracks: &[&Track], store: &Store) -> Outcomes {
    let mut outcomes: Outcomes = tracks
        .iter()
        .map(|_| Err(StoreError::Refused(Refused::Missing)))
        .collect();
    let walked = streams(&mut file, |stream| {
        let digest = md5_hex(stream);
        for (track, outcome) in tracks.iter().zip(&mut outcomes) {
            if track.md5 == digest {
                *outcome = store.keep(&mut &stream[..], track);
            }
        }
    });
    if let Err(error) = walked {
        for outcome in &mut outcomes {
            if matches!(outcome, Err(StoreError::Refused(Refused::Missing))) {
                *outcome = Err(broken(&error));
            }
        }
    }
    outcomes
}

/// Calls `hear` with each Ogg stream. The file starts with `qres` and big-endian numbers of four bytes: its version and
/// where its tree, data and names start.
fn streams(file: &mut File, mut hear: impl FnMut(&[u8])) -> io::Result<()> {
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let length = file.metadata()?.len().min(LARGEST_ARCHIVE);
    let mut file = BufReader::new(file);
    let mut magic = [0; 4];
    file.read_exact(&mut magic)?;
    if &magic != b"qres" {
        return Err(invalid(format!("it starts with {magic:?}, but must with `qres`")));
    }
    let [_version, tree, data, names] = [
        number(&mut file)?,
        number(&mut file)?,
        number(&mut file)?,
        number(&mut file)?,
    ];
    let end = [tree, names]
        .into_iter()
        .filter(|&at| at > data)
        .min()
        .unwrap_or(length)
        .min(length);
    let mut at = file.seek(SeekFrom::Start(data))?;
    while at < end {
        let size = number(&mut file)?;
        at += 4 + size;
        if at > end {
            return Err(invalid(format!(
                "a stream ends at byte {at}, but the data ends at {end}"
            )));
        }
        let mut start = [0; 4];
        let known = (4..=LARGEST_STREAM).contains(&size);
        if known {
            file.read_exact(&mut start)?;
        }
        if known && &start == b"OggS" {
            let mut stream = start.to_vec();
            file.by_ref().take(size - 4).read_to_end(&mut stream)?;
            hear(&stream);
        }
        file.seek(SeekFrom::Start(at))?;
    }
    Ok(())
}

fn number(file: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u64::from(u32::from_be_bytes(bytes)))
}

fn damaged(tracks: &[&Track], reason: &str) -> Outcomes {
    tracks.iter().map(|_| Err(broken(&reason))).collect()
}

fn broken(reason: &impl ToString) -> StoreError {
    StoreError::Refused(Refused::Archive(reason.to_string()))
}
