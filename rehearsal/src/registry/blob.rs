//! Blobs: bytes in memory, or in a file without a name when there are many.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;

/// A blob of more than this lies in a file.
const MOST_IN_MEMORY: u64 = 8 << 20;

/// A blob; clones share its bytes.
#[derive(Clone, Debug)]
pub struct Blob {
    size: u64,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Memory(Bytes),
    /// Without a name, so that it is gone with the process, however that ends.
    File(Arc<File>),
}

impl Blob {
    /// A blob of these parts, one after the other.
    pub(crate) fn of_parts(parts: &[Bytes]) -> io::Result<Self> {
        let size = parts.iter().map(|part| part.len() as u64).sum();
        let content = match parts {
            _ if size > MOST_IN_MEMORY => {
                let mut file = tempfile::tempfile()?;
                parts.iter().try_for_each(|part| file.write_all(part))?;
                Content::File(Arc::new(file))
            }
            [whole] => Content::Memory(whole.clone()),
            _ => Content::Memory(parts.concat().into()),
        };
        Ok(Self { size, content })
    }

    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// All of its bytes.
    pub fn bytes(&self) -> io::Result<Bytes> {
        self.range(0, self.size)
    }

    /// The bytes from `start` to before `end`, which are within it.
    pub fn range(&self, start: u64, end: u64) -> io::Result<Bytes> {
        let index = |offset: u64| usize::try_from(offset).map_err(io::Error::other);
        match &self.content {
            Content::Memory(bytes) => Ok(bytes.slice(index(start)?..index(end)?)),
            Content::File(file) => {
                let mut bytes = vec![0; index(end - start)?];
                file.read_exact_at(&mut bytes, start)?;
                Ok(bytes.into())
            }
        }
    }

    /// Reads it from its beginning, independently of other readers.
    pub fn reader(&self) -> impl Read + Send + use<> {
        Reader { blob: self.clone(), position: 0 }
    }
}

struct Reader {
    blob: Blob,
    position: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (self.blob.size - self.position).min(buffer.len() as u64);
        let bytes = self.blob.range(self.position, self.position + count)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.position += count;
        Ok(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_blobs_read_the_same() {
        let part = Bytes::from(vec![7; 1 << 20]);
        for count in [0, 1, 2, 9] {
            let blob = Blob::of_parts(&vec![part.clone(); count]).expect("a blob");
            let mut read = Vec::new();
            blob.reader().read_to_end(&mut read).expect("it is read");
            assert_eq!(read, vec![7; count << 20]);
            assert_eq!(blob.bytes().expect("bytes"), read);
            assert_eq!(matches!(blob.content, Content::File(_)), count == 9);
        }
    }

    #[test]
    fn a_range_is_cut_out_of_both_kinds() {
        let parts: Vec<Bytes> = (0..10_u8).map(|digit| vec![digit; 1 << 20].into()).collect();
        let large = Blob::of_parts(&parts).expect("a blob");
        assert_eq!(large.range((1 << 20) - 1, (1 << 20) + 1).expect("bytes"), [0, 1].as_slice());
        let small = Blob::of_parts(&["abc".into(), "def".into()]).expect("a blob");
        assert_eq!(small.range(2, 4).expect("bytes"), "cd");
    }
}
