//! Parts of a scan, for several machines.

use std::path::Path;
use std::str::FromStr;

/// Part `index` of `count`. Which part a file belongs to depends on its path below the scanned folder alone, so it stays
/// the same when other files come and go, and where the folder is mounted elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    index: u64,
    count: u64,
}

impl Shard {
    /// All of it.
    pub(crate) const WHOLE: Self = Self { index: 1, count: 1 };

    /// Whether the file at this path belongs to it.
    pub(super) fn has(self, path: &Path) -> bool {
        // FNV-1a: the standard library's hashes may change with its version.
        let hash = path
            .as_os_str()
            .as_encoded_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
            });
        // The upper half, where neighbouring names differ as well.
        (hash >> 32) % self.count == self.index - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rule = || "it must be I/N with 1 ≤ I ≤ N, such as 2/8".to_owned();
        let (index, count) = text.split_once('/').ok_or_else(rule)?;
        let (index, count) = (
            index.parse().map_err(|_| rule())?,
            count.parse().map_err(|_| rule())?,
        );
        if index == 0 || index > count {
            return Err(rule());
        }
        Ok(Self { index, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_one_shard_and_shards_are_alike_in_size() {
        let mut sizes = [0; 7];
        for i in 0..7_000 {
            let path = format!("artist {}/album/{i:02}.mp3", i / 10);
            let owners: Vec<_> = (1..=7u64)
                .filter(|index| {
                    Shard {
                        index: *index,
                        count: 7,
                    }
                    .has(Path::new(&path))
                })
                .collect();
            assert_eq!(owners.len(), 1);
            sizes[owners[0] as usize - 1] += 1;
        }
        assert!(sizes.iter().all(|size| (850..1_150).contains(size)), "{sizes:?}");
    }

    #[test]
    fn only_parts_of_a_whole_are_taken() {
        assert_eq!("1/1".parse(), Ok(Shard::WHOLE));
        assert!("8/8".parse::<Shard>().is_ok());
        for wrong in ["", "1", "0/2", "3/2", "-1/2", "1/0", "a/b", "1/2/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
