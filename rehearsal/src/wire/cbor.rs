//! CBOR (RFC 8949), as much as AWS's RPC protocol needs, to and from JSON's values.

use serde_json::{Map, Number, Value, json};

/// How deep things may lie in one another.
const DEEPEST: u8 = 32;

/// Writes a value; numbers whose names `is_time` tells are tagged as moments.
pub(crate) fn write(value: &Value, is_time: fn(&str) -> bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, value, is_time);
    bytes
}

fn put(bytes: &mut Vec<u8>, value: &Value, is_time: fn(&str) -> bool) {
    match value {
        Value::Null => bytes.push(0xf6),
        Value::Bool(truth) => bytes.push(if *truth { 0xf5 } else { 0xf4 }),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) => head(bytes, 0, number),
            (_, Some(number), _) => head(bytes, 1, (-1 - number).unsigned_abs()),
            (_, _, number) => {
                bytes.push(0xfb);
                bytes.extend(number.unwrap_or_default().to_be_bytes());
            }
        },
        Value::String(text) => {
            head(bytes, 3, text.len() as u64);
            bytes.extend(text.as_bytes());
        }
        Value::Array(items) => {
            head(bytes, 4, items.len() as u64);
            for item in items {
                put(bytes, item, is_time);
            }
        }
        Value::Object(members) => {
            head(bytes, 5, members.len() as u64);
            for (name, value) in members {
                put(bytes, &json!(name), is_time);
                match value {
                    Value::Array(moments) if name.strip_suffix('s').is_some_and(is_time) => {
                        head(bytes, 4, moments.len() as u64);
                        for moment in moments {
                            put_moment(bytes, moment, is_time);
                        }
                    }
                    Value::Number(_) if is_time(name) => put_moment(bytes, value, is_time),
                    _ => put(bytes, value, is_time),
                }
            }
        }
    }
}

fn put_moment(bytes: &mut Vec<u8>, value: &Value, is_time: fn(&str) -> bool) {
    bytes.push(0xc1);
    put(bytes, value, is_time);
}

fn head(bytes: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    let wide = argument.to_be_bytes();
    match argument {
        0..=23 => bytes.push(major | wide[7]),
        24..=0xff => bytes.extend([major | 0x18, wide[7]]),
        0x100..=0xffff => {
            bytes.push(major | 0x19);
            bytes.extend(&wide[6..]);
        }
        0x1_0000..=0xffff_ffff => {
            bytes.push(major | 0x1a);
            bytes.extend(&wide[4..]);
        }
        _ => {
            bytes.push(major | 0x1b);
            bytes.extend(wide);
        }
    }
}

/// Reads one value. The error says what is wrong with the bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, &'static str> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(DEEPEST)?;
    if reader.rest.is_empty() { Ok(value) } else { Err("bytes follow the value") }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], &'static str> {
        let count = usize::try_from(count).map_err(|_| "the end is missing")?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or("the end is missing")?;
        self.rest = rest;
        Ok(taken)
    }

    fn argument(&mut self, kind: u8) -> Result<u64, &'static str> {
        let width = match kind {
            0..=23 => return Ok(kind.into()),
            24..=27 => 1 << (kind - 24),
            _ => return Err("a length is not known"),
        };
        Ok(self.take(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Whether the end of something without a length is here; it is taken then.
    fn at_break(&mut self) -> bool {
        let end = self.rest.first() == Some(&0xff);
        if end {
            self.rest = &self.rest[1..];
        }
        end
    }

    /// How many things follow; none when they end with a break.
    fn length(&mut self, kind: u8) -> Result<Option<u64>, &'static str> {
        if kind == 31 { Ok(None) } else { self.argument(kind).map(Some) }
    }

    fn value(&mut self, depth: u8) -> Result<Value, &'static str> {
        let depth = depth.checked_sub(1).ok_or("it is nested too deeply")?;
        let first = self.take(1)?[0];
        let kind = first & 31;
        match first >> 5 {
            0 => Ok(json!(self.argument(kind)?)),
            1 => i64::try_from(self.argument(kind)?)
                .map(|number| json!(-1 - number))
                .map_err(|_| "a number is too small"),
            2 => Err("no member holds bytes"),
            3 => self.text(kind).map(Value::String),
            4 => {
                let mut items = Vec::new();
                let mut left = self.length(kind)?;
                while self.more(&mut left) {
                    items.push(self.value(depth)?);
                }
                Ok(Value::Array(items))
            }
            5 => {
                let mut members = Map::new();
                let mut left = self.length(kind)?;
                while self.more(&mut left) {
                    let Value::String(name) = self.value(depth)? else { return Err("a key is no text") };
                    members.insert(name, self.value(depth)?);
                }
                Ok(Value::Object(members))
            }
            6 => {
                self.argument(kind)?;
                self.value(depth)
            }
            _ => self.simple(kind),
        }
    }

    fn more(&mut self, left: &mut Option<u64>) -> bool {
        match left {
            None => !self.at_break(),
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    fn text(&mut self, kind: u8) -> Result<String, &'static str> {
        let mut bytes = Vec::new();
        match self.length(kind)? {
            Some(length) => bytes.extend(self.take(length)?),
            None => {
                while !self.at_break() {
                    let first = self.take(1)?[0];
                    if first >> 5 != 3 {
                        return Err("a piece of a text is no text");
                    }
                    let length = self.argument(first & 31)?;
                    bytes.extend(self.take(length)?);
                }
            }
        }
        String::from_utf8(bytes).map_err(|_| "a text is not UTF-8")
    }

    fn simple(&mut self, kind: u8) -> Result<Value, &'static str> {
        let float = |number: f64| Number::from_f64(number).map(Value::Number).ok_or("a number is not finite");
        match kind {
            20 => Ok(Value::Bool(false)),
            21 => Ok(Value::Bool(true)),
            22 | 23 => Ok(Value::Null),
            25 => Err("numbers of 16 bits are not read"),
            26 => {
                let bits = self.argument(26)?;
                float(f32::from_bits(u32::try_from(bits).unwrap_or_default()).into())
            }
            27 => {
                let bits = self.argument(27)?;
                float(f64::from_bits(bits))
            }
            _ => Err("a value is of no kind that is known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let cases = [
            json!({}),
            json!([]),
            json!(null),
            json!([true, false, null]),
            json!([0, 23, 24, 255, 256, 65535, 65536, 4_294_967_295_u64, 4_294_967_296_u64, u64::MAX]),
            json!([-1, -24, -25, -256, -257, i64::MIN]),
            json!([0.5, -1.25e300]),
            json!({ "AlarmNames": ["ä", "x".repeat(300)], "StateUpdatedTimestamp": 1.5 }),
        ];
        for value in cases {
            assert_eq!(read(&write(&value, |_| true)), Ok(value));
        }
    }

    #[test]
    fn moments_are_tagged() {
        let bytes = write(&json!({ "At": 1 }), |name| name == "At");
        assert_eq!(bytes, [0xa1, 0x62, b'A', b't', 0xc1, 0x01]);
        let bytes = write(&json!({ "Ats": [1, 2] }), |name| name == "At");
        assert_eq!(bytes, [0xa1, 0x63, b'A', b't', b's', 0x82, 0xc1, 0x01, 0xc1, 0x02]);
    }

    #[test]
    fn streams_of_unknown_length_are_read() {
        let bytes = [0xbf, 0x7f, 0x61, b'a', 0x61, b'b', 0xff, 0x9f, 0x01, 0xfa, 0x3f, 0xc0, 0, 0, 0xff, 0xff];
        assert_eq!(read(&bytes), Ok(json!({ "ab": [1, 1.5] })));
    }

    #[test]
    fn bytes_that_are_no_value_are_refused() {
        let deep = [0x81; 40];
        let cases: [&[u8]; 9] = [
            &[],
            &[0x61],
            &[0x9f, 0x01],
            &[0xa1, 0x01, 0x01],
            &[0x01, 0x01],
            &[0x61, 0xff],
            &[0x5b, 1],
            &[0xfc],
            &deep,
        ];
        for bytes in cases {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
        assert!(
            read(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err(),
            "a length that nothing follows"
        );
    }
}
