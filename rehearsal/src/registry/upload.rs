//! Uploads: blobs on their way in.

use bytes::Bytes;

/// A blob of which some chunks have arrived.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    pub(crate) repository: String,
    pub(crate) chunks: Vec<Bytes>,
}

impl Upload {
    /// How many bytes have arrived.
    pub(crate) fn size(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.len() as u64).sum()
    }
}
