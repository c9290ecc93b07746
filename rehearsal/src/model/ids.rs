//! Names that the cloud makes up, the same for the same seed.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// Makes up names.
#[derive(Debug)]
pub(crate) struct Ids(StdRng);

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        // Another stream than the one of the faults, so that a fault more changes no name.
        Self(StdRng::seed_from_u64(seed ^ 0x1d5))
    }

    /// 32 hexadecimal digits, as tasks have them.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:032x}", self.0.random::<u128>())
    }

    /// 19 decimal digits, as deployments have them.
    pub(crate) fn number(&mut self) -> u64 {
        self.0.random_range(1_000_000_000_000_000_000..=9_223_372_036_854_775_807)
    }

    /// 21 letters and digits, as service deployments have them.
    pub(crate) fn word(&mut self) -> String {
        const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        (0..21).map(|_| char::from(ALPHABET[self.0.random_range(0..ALPHABET.len())])).collect()
    }

    /// A UUID, as requests have them.
    pub(crate) fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.0.random()).into_uuid().to_string()
    }
}
