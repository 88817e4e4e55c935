//! The one place that maps a file into memory.

#![allow(unsafe_code)] // The invariant is written at the one unsafe block.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// Maps a whole shard for reading.
pub(super) fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: the bytes of a map must not change while it is borrowed. A shard gets its name only once it is whole, is
    // never opened for writing after that, and goes only by being unlinked, which leaves the mapped pages as they are.
    unsafe { Mmap::map(&file) }
}
