//! Bytes that can be looked at before they are read: a file, a stream or memory.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use symphonia::core::io::{MediaSource, ReadOnlySource};

/// A reader that can be handed to another thread.
pub(crate) type Stream = Box<dyn Read + Send + Sync>;

/// Bytes read at a time.
const BLOCK: usize = 1 << 16;

enum From {
    File(File),
    Memory(Cursor<Cow<'static, [u8]>>),
    Stream(Stream),
}

/// An input and what was read of it ahead.
pub(crate) struct Input {
    from: From,
    /// Bytes in all, where they can be counted.
    length: Option<u64>,
    /// Where the next byte is.
    at: u64,
    /// What was read ahead, and how much of that was taken again.
    ahead: Vec<u8>,
    taken: usize,
}

impl Input {
    /// A file that is there whole.
    pub(crate) fn file(file: File) -> io::Result<Self> {
        let length = Some(file.metadata()?.len());
        Ok(Self::new(From::File(file), length))
    }

    /// A pipe, a device or a socket.
    pub(crate) fn stream(stream: Stream) -> Self {
        Self::new(From::Stream(stream), None)
    }

    /// Bytes in memory.
    pub(crate) fn memory(bytes: Cow<'static, [u8]>) -> Self {
        let length = Some(bytes.len() as u64);
        Self::new(From::Memory(Cursor::new(bytes)), length)
    }

    fn new(from: From, length: Option<u64>) -> Self {
        Self {
            from,
            length,
            at: 0,
            ahead: Vec::new(),
            taken: 0,
        }
    }

    /// The same for when this one is no longer used, wherever that left it; `None` for a stream.
    pub(crate) fn again(&self) -> Option<Self> {
        let from = match &self.from {
            From::File(file) => From::File(file.try_clone().ok()?),
            From::Memory(bytes) => From::Memory(Cursor::new(bytes.get_ref().clone())),
            From::Stream(_) => return None,
        };
        Some(Self::new(from, self.length))
    }

    /// Where the next byte is.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// How many bytes there are in all, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether it can go back to what was read.
    pub(crate) fn can_seek(&self) -> bool {
        !matches!(self.from, From::Stream(_))
    }

    /// The next `count` bytes, or all that are left; they stay the next.
    pub(crate) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        let missing = (self.taken + count).saturating_sub(self.ahead.len());
        if missing > 0 {
            self.ahead.drain(..self.taken);
            self.taken = 0;
            let from: &mut dyn Read = match &mut self.from {
                From::File(file) => file,
                From::Memory(bytes) => bytes,
                From::Stream(stream) => stream,
            };
            from.take(missing as u64).read_to_end(&mut self.ahead)?;
        }
        let there = &self.ahead[self.taken..];
        Ok(&there[..count.min(there.len())])
    }

    /// Passes over `count` bytes; fewer where there are fewer.
    pub(crate) fn skip(&mut self, count: u64) -> io::Result<()> {
        let known = self.ahead.len() - self.taken;
        let known = known.min(usize::try_from(count).unwrap_or(usize::MAX));
        self.taken += known;
        self.at += known as u64;
        let left = count - known as u64;
        if left == 0 {
            return Ok(());
        }
        if self.can_seek() {
            let end = self.length.unwrap_or(u64::MAX);
            return self.go_to(self.at.saturating_add(left).min(end));
        }
        let passed = io::copy(&mut (&mut *self).take(left), &mut io::sink())?;
        debug_assert!(passed <= left);
        Ok(())
    }

    /// Goes to a byte; only for what can seek.
    pub(crate) fn go_to(&mut self, at: u64) -> io::Result<()> {
        match &mut self.from {
            From::File(file) => file.seek(SeekFrom::Start(at))?,
            From::Memory(bytes) => bytes.seek(SeekFrom::Start(at))?,
            From::Stream(_) => return Err(io::ErrorKind::NotSeekable.into()),
        };
        self.ahead.clear();
        self.taken = 0;
        self.at = at;
        Ok(())
    }

    /// The rest, for a container reader: it can seek if the input can.
    pub(crate) fn into_source(self) -> Box<dyn MediaSource> {
        if !self.can_seek() {
            return Box::new(ReadOnlySource::new(self));
        }
        let first = self.at;
        Box::new(Region { input: self, first })
    }

    /// The rest, for a container reader that must not seek: some look at the end and take what they find there for granted.
    pub(crate) fn into_blind_source(self) -> Box<dyn MediaSource> {
        Box::new(ReadOnlySource::new(self))
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ahead = &self.ahead[self.taken..];
        let read = if !ahead.is_empty() {
            let count = buffer.len().min(ahead.len());
            buffer[..count].copy_from_slice(&ahead[..count]);
            self.taken += count;
            count
        } else {
            match &mut self.from {
                From::File(file) => file.read(buffer)?,
                From::Memory(bytes) => bytes.read(buffer)?,
                From::Stream(stream) => stream.read(buffer)?,
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

/// The rest of an input that can seek, as if it began there.
struct Region {
    input: Input,
    first: u64,
}

impl Read for Region {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl Seek for Region {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = self.byte_len().unwrap_or(0);
        let from = |base: u64, by: i64| base.checked_add_signed(by).ok_or(io::ErrorKind::InvalidInput);
        let at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => from(self.input.at - self.first, by)?,
            SeekFrom::End(by) => from(length, by)?,
        };
        let place = self.first.checked_add(at).ok_or(io::ErrorKind::InvalidInput)?;
        self.input.go_to(place)?;
        Ok(at)
    }
}

impl MediaSource for Region {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        self.input.length.map(|length| length.saturating_sub(self.first))
    }
}

/// Bytes that come one after the other, looked at through a window that grows as far as is asked.
pub(crate) struct Window {
    from: Stream,
    bytes: Vec<u8>,
    at: usize,
    ended: bool,
    /// Bytes passed so far.
    passed: u64,
}

impl Window {
    pub(crate) fn new(from: Stream) -> Self {
        Self {
            from,
            bytes: Vec::new(),
            at: 0,
            ended: false,
            passed: 0,
        }
    }

    /// The next `count` bytes or more; fewer only at the end.
    pub(crate) fn see(&mut self, count: usize) -> io::Result<&[u8]> {
        while !self.ended && self.bytes.len() - self.at < count {
            if self.at >= BLOCK {
                self.bytes.drain(..self.at);
                self.at = 0;
            }
            // As much as there is now: a live stream must not wait for a whole block.
            let there = self.bytes.len();
            self.bytes.resize(there + BLOCK, 0);
            let read = loop {
                match self.from.read(&mut self.bytes[there..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            self.bytes.truncate(there + *read.as_ref().unwrap_or(&0));
            self.ended = read? == 0;
        }
        Ok(&self.bytes[self.at..])
    }

    /// Passes over `count` bytes, whether they were seen or not; fewer where there are fewer.
    pub(crate) fn pass(&mut self, count: u64) -> io::Result<()> {
        let mut left = count;
        loop {
            let seen = (self.bytes.len() - self.at).min(usize::try_from(left).unwrap_or(usize::MAX));
            self.at += seen;
            self.passed += seen as u64;
            left -= seen as u64;
            if left == 0 || self.see(1)?.is_empty() {
                return Ok(());
            }
        }
    }

    /// Bytes passed so far.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_read_again() {
        let all: Vec<u8> = (0..=255).cycle().take(200_000).collect();
        let inputs = [
            Input::memory(Cow::Owned(all.clone())),
            Input::stream(Box::new(Cursor::new(all.clone()))),
        ];
        for mut input in inputs {
            assert_eq!(input.peek(10).unwrap(), &all[..10]);
            input.skip(3).unwrap();
            assert_eq!(input.peek(100_000).unwrap(), &all[3..100_003]);
            input.skip(150_000).unwrap();
            assert_eq!(input.at(), 150_003);
            let mut rest = Vec::new();
            input.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, &all[150_003..]);
            input.skip(9).unwrap();
            assert!(input.peek(9).unwrap().is_empty());
        }
    }

    #[test]
    fn a_region_begins_where_the_input_was() {
        let mut input = Input::memory(Cow::Owned((0..100).collect()));
        input.skip(40).unwrap();
        let mut region = input.into_source();
        assert_eq!(region.byte_len(), Some(60));
        assert_eq!(region.seek(SeekFrom::End(-10)).unwrap(), 50);
        let mut byte = [0];
        region.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [90]);
        assert_eq!(region.seek(SeekFrom::Current(-51)).unwrap(), 0);
        assert!(region.seek(SeekFrom::Current(-1)).is_err());
    }

    #[test]
    fn a_window_sees_and_passes() {
        let all: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
        let mut window = Window::new(Box::new(Cursor::new(all.clone())));
        assert!(window.see(4).unwrap().starts_with(&all[..4]));
        window.pass(200_000).unwrap();
        assert!(window.see(90_000).unwrap().starts_with(&all[200_000..290_000]));
        window.pass(99_990).unwrap();
        assert_eq!(window.see(100).unwrap(), &all[299_990..]);
        window.pass(100).unwrap();
        assert_eq!((window.passed(), window.see(1).unwrap().len()), (300_000, 0));
    }
}
