//! The encoded audio of a file, to tell whether two files sound the same without decoding them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use symphonia::core::errors::Error;

use super::{CONTAINER_ERRORS, Decoder, guarded};
use crate::error::DecodeError;

impl Decoder {
    /// How many packets are left, and a hash of their bytes and of the samples that opening the file decoded. Equal for
    /// files that hold the same audio, whatever their tags say; hashes of different processes are not to be compared.
    pub fn digest(self) -> Result<(u64, u64), DecodeError> {
        guarded(&self.name.clone(), || self.packets())
    }

    fn packets(mut self) -> Result<(u64, u64), DecodeError> {
        let mut hasher = DefaultHasher::new();
        (self.rate, self.channels).hash(&mut hasher);
        for sample in &self.first {
            sample.to_bits().hash(&mut hasher);
        }
        let (mut packets, mut errors) = (0, 0);
        while errors < CONTAINER_ERRORS {
            match self.format.next_packet() {
                Ok(Some(packet)) => {
                    packets += 1;
                    (packet.track_id, &packet.data).hash(&mut hasher);
                }
                Ok(None) => break,
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(Error::IoError(source)) => {
                    return Err(DecodeError::Read {
                        name: self.name,
                        source,
                    });
                }
                Err(_) => errors += 1,
            }
        }
        Ok((packets, hasher.finish()))
    }
}
