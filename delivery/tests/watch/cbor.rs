//! CBOR (RFC 8949), as much as an answer of CloudWatch takes.

/// A value.
pub(crate) enum Cbor {
    Text(String),
    Float(f64),
    /// Seconds since 1970.
    Time(i64),
    List(Vec<Self>),
    Map(Vec<(&'static str, Self)>),
}

impl Cbor {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        bytes
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Text(text) => {
                head(bytes, 3, text.len());
                bytes.extend(text.as_bytes());
            }
            Self::Float(number) => {
                bytes.push(0xfb);
                bytes.extend(number.to_be_bytes());
            }
            Self::Time(seconds) => {
                bytes.push(0xc1);
                head(bytes, 0, usize::try_from(*seconds).expect("after 1970"));
            }
            Self::List(items) => {
                head(bytes, 4, items.len());
                for item in items {
                    item.put(bytes);
                }
            }
            Self::Map(members) => {
                head(bytes, 5, members.len());
                for (name, value) in members {
                    Self::Text((*name).to_owned()).put(bytes);
                    value.put(bytes);
                }
            }
        }
    }
}

fn head(bytes: &mut Vec<u8>, major: u8, argument: usize) {
    bytes.push((major << 5) | 0x1b);
    bytes.extend((argument as u64).to_be_bytes());
}
