//! How long a body is: derived from a head once, written anew on the other side, never copied (RFC 9112 §6).

use super::{Fields, Marks};

/// The length of a message's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// No body.
    Empty,
    /// So many bytes.
    Length(u64),
    /// Chunks until the last one.
    Chunked,
    /// All bytes until the connection closes (responses only).
    UntilClose,
}

/// What is wrong with a head's framing fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// A `Content-Length` that is no number, or two that differ.
    Length,
    /// A transfer coding other than `chunked`.
    TransferCoding,
    /// A `Content-Length` behind a `Transfer-Encoding`.
    LengthAfterCoding,
    /// A `Transfer-Encoding` behind a `Content-Length`.
    CodingAfterLength,
}

impl Framing {
    /// Those of the framing fields.
    pub(crate) const NAMES: Marks = Marks::of(&[b"content-length", b"transfer-encoding"]);

    /// What the framing fields of a head say; `None` if there are none.
    ///
    /// # Errors
    ///
    /// Everything that two readers could understand in two ways.
    pub fn of(fields: &Fields) -> Result<Option<Self>, FramingError> {
        if !fields.may_have(Self::NAMES) {
            return Ok(None);
        }
        let mut length = None;
        let mut chunked = false;
        // Which of the two is in the wrong is the one that comes last.
        let mut both = FramingError::LengthAfterCoding;
        for field in fields.iter() {
            match field.name.len() {
                14 if field.name.eq_ignore_ascii_case(b"content-length") => {
                    let value = parse_length(field.value).ok_or(FramingError::Length)?;
                    if length.is_some_and(|other| other != value) {
                        return Err(FramingError::Length);
                    }
                    length = Some(value);
                }
                17 if field.name.eq_ignore_ascii_case(b"transfer-encoding") => {
                    if chunked || !field.value.eq_ignore_ascii_case(b"chunked") {
                        return Err(FramingError::TransferCoding);
                    }
                    chunked = true;
                    if length.is_some() {
                        both = FramingError::CodingAfterLength;
                    }
                }
                _ => {}
            }
        }
        match (length, chunked) {
            (Some(_), true) => Err(both),
            (None, true) => Ok(Some(Self::Chunked)),
            (Some(0), false) => Ok(Some(Self::Empty)),
            (Some(n), false) => Ok(Some(Self::Length(n))),
            (None, false) => Ok(None),
        }
    }
}

/// A `Content-Length`: digits and nothing else, small enough for 63 bits. Leading zeros are read as decimal.
pub fn parse_length(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    bytes
        .iter()
        .try_fold(0_u64, |n, b| n.checked_mul(10)?.checked_add(u64::from(b - b'0')))
        .filter(|&n| n <= i64::MAX as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(lines: &[(&'static str, &'static str)]) -> Result<Option<Framing>, FramingError> {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        Framing::of(&fields)
    }

    #[test]
    fn lengths() {
        assert_eq!(framing(&[("Content-Length", "02")]), Ok(Some(Framing::Length(2))));
        assert_eq!(framing(&[("content-length", "0")]), Ok(Some(Framing::Empty)));
        assert_eq!(
            framing(&[("content-length", "5"), ("content-length", "5")]),
            Ok(Some(Framing::Length(5)))
        );
        assert_eq!(framing(&[]), Ok(None));
        for bad in ["", "+2", "-1", "0x2", "2, 2", "2 ", "9223372036854775808", "99999999999999999999999999"]
        {
            assert_eq!(framing(&[("content-length", bad)]), Err(FramingError::Length), "{bad}");
        }
        assert_eq!(framing(&[("content-length", "5"), ("content-length", "6")]), Err(FramingError::Length));
    }

    #[test]
    fn only_chunked_is_a_transfer_coding() {
        assert_eq!(framing(&[("transfer-encoding", "Chunked")]), Ok(Some(Framing::Chunked)));
        for bad in
            ["gzip, chunked", ",chunked", "chunked, chunked", "identity", "chunked;q=1", "xchunked", ""]
        {
            assert_eq!(framing(&[("transfer-encoding", bad)]), Err(FramingError::TransferCoding), "{bad}");
        }
        let twice = [("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")];
        assert_eq!(framing(&twice), Err(FramingError::TransferCoding));
        assert_eq!(
            framing(&[("content-length", "1"), ("transfer-encoding", "chunked")]),
            Err(FramingError::CodingAfterLength)
        );
        assert_eq!(
            framing(&[("transfer-encoding", "chunked"), ("content-length", "1")]),
            Err(FramingError::LengthAfterCoding)
        );
    }
}
