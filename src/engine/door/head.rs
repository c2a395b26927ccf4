//! Request heads of clients: httparse's grammar, and the rules it leaves to its caller (reliability.md A).
//!
//! A head is parsed once, when its end has arrived, so that a head that drips in byte by byte costs no more than one in a piece.

use super::answer::Asked;
use super::denial::Denial;
use super::limits::Limits;
use super::target::{self, Form};
use crate::engine::head::{Fields, Found, Framing, RequestHead, Version, find_end, is_host, is_token};
use crate::engine::outgoing::write_headers;
use bytes::{Buf, Bytes, BytesMut};
use std::mem::MaybeUninit;

/// A request head that may be forwarded.
#[derive(Clone, Debug)]
pub struct ClientHead {
    /// The head: names in lower case, repeated fields made one, as Node's `IncomingMessage` has them.
    pub head: RequestHead,
    /// The form of its target.
    pub form: Form,
    /// How long its body is.
    pub framing: Framing,
    /// Whether the client waits to be told to send its body.
    pub awaits_continue: bool,
    /// Whether the client would like to send another request on the connection.
    pub keep_alive: bool,
    /// Whether it would like to go on in another protocol.
    pub upgrade: bool,
    /// The head as it was sent, if that was to be kept.
    pub sent: Bytes,
}

impl ClientHead {
    /// Takes the head; all but its fields stays here, too.
    pub(super) fn take_head(&mut self) -> RequestHead {
        let fields = std::mem::take(&mut self.head.fields);
        RequestHead { fields, ..self.head.clone() }
    }

    /// What of it matters to its answer.
    pub(super) fn as_asked(&self, keep_alive: bool) -> Asked<'_> {
        Asked { method: &self.head.method, version: self.head.version, keep_alive }
    }
}

/// How far the search for the end of a head has come.
#[derive(Debug, Default)]
pub struct Search {
    searched: usize,
    blank_lines: usize,
    keeps_sent: bool,
}

impl Search {
    /// A search that keeps what was sent, where `keeps_sent` says so.
    pub fn new(keeps_sent: bool) -> Self {
        Self { keeps_sent, ..Self::default() }
    }

    /// Takes a head from the front of `buffer`, once it is there.
    ///
    /// # Errors
    ///
    /// A [`Denial`] as soon as the bytes cannot become a head any more.
    pub fn take(&mut self, buffer: &mut BytesMut, limits: &Limits) -> Result<Option<ClientHead>, Denial> {
        while self.searched == 0 && buffer.starts_with(b"\r\n") {
            buffer.advance(2);
            self.blank_lines += 1;
            if self.blank_lines > MOST_BLANK_LINES {
                return Err(Denial::bad("There are too many empty lines in front of the request"));
            }
        }
        if **buffer == *b"\r" {
            return Ok(None);
        }
        // TLS, SSH and the like: nobody need wait for the end of what is no head.
        if buffer.first().is_some_and(|first| *first != b'\r' && !is_token(&[*first])) {
            return Err(Denial::bad("This is no HTTP request"));
        }
        let before = self.searched;
        let end = find_end(buffer, &mut self.searched).map_err(|_| bare_line_feed())?;
        let Some(end) = end else { return self.unfinished(buffer, before, limits).map(|()| None) };
        if end > limits.head_size {
            return Err(too_long(&buffer[..end], limits));
        }
        let sent = if self.keeps_sent { Bytes::copy_from_slice(&buffer[..end]) } else { Bytes::new() };
        *self = Self::new(self.keeps_sent);
        // A copy: the buffer remains one piece, for the next read.
        let mut text = Vec::with_capacity(end + ROOM_FOR_PASSES);
        text.extend_from_slice(&buffer[..end]);
        buffer.advance(end);
        parse(text, limits).map(|head| Some(ClientHead { sent, ..head }))
    }

    /// Refuses what has become too long before its end is here.
    fn unfinished(&self, buffer: &[u8], before: usize, limits: &Limits) -> Result<(), Denial> {
        let is_first_line =
            memchr::memchr(b'\n', &buffer[..buffer.len().min(longest_line(limits))]).is_none();
        if is_first_line && buffer.len() > longest_line(limits) || buffer.len() > limits.head_size {
            return Err(too_long(buffer, limits));
        }
        // A carriage return alone can end nothing; a head that has one is not waited for.
        let new = &buffer[before.saturating_sub(1)..];
        let is_bare = |at: usize| new.get(at + 1).is_some_and(|next| *next != b'\n');
        if memchr::memchr_iter(b'\r', new).any(is_bare) {
            return Err(Denial::bad("A carriage return stands alone"));
        }
        Ok(())
    }
}

fn bare_line_feed() -> Denial {
    Denial::bad("A line ends without a carriage return")
}

fn longest_line(limits: &Limits) -> usize {
    limits.target_size + LONGEST_REST_OF_LINE
}

fn too_long(text: &[u8], limits: &Limits) -> Denial {
    let line = memchr::memchr(b'\n', text).unwrap_or(text.len());
    if line > longest_line(limits) {
        Denial::new(414, "The request's target is too long")
    } else {
        Denial::new(431, "The request's head is too long")
    }
}

fn parse(text: Vec<u8>, limits: &Limits) -> Result<ClientHead, Denial> {
    let mut lines = [const { MaybeUninit::uninit() }; Limits::MOST_FIELDS];
    let lines = &mut lines[..limits.fields.min(Limits::MOST_FIELDS)];
    let mut parsed = httparse::Request::new(&mut []);
    match parsed.parse_with_uninit_headers(&text, lines) {
        Ok(httparse::Status::Complete(end)) if end == text.len() => {}
        // It has seen an end that strict readers do not.
        Ok(httparse::Status::Complete(_)) => return Err(bare_line_feed()),
        Ok(httparse::Status::Partial) => return Err(Denial::bad("The request's head is malformed")),
        Err(error) => return Err(malformed(error, &text)),
    }
    let (Some(method), Some(target)) = (parsed.method, parsed.path) else {
        return Err(Denial::bad("The request line is malformed"));
    };
    let version = if parsed.version == Some(1) { Version::Http11 } else { Version::Http10 };
    let method = match method {
        "GET" => Bytes::from_static(b"GET"),
        _ => Bytes::copy_from_slice(method.as_bytes()),
    };
    let target = Bytes::copy_from_slice(target.as_bytes());
    let found = Found::new(&text, parsed.headers).map_err(|_| bare_line_feed())?;
    let mut fields = Fields::found(text, found);
    // Names have no case; Node's servers know them in lower case, and so do the passes.
    fields.lower_case_names();
    check(RequestHead { method, target, version, fields }, limits)
}

fn malformed(error: httparse::Error, text: &[u8]) -> Denial {
    match error {
        httparse::Error::TooManyHeaders => Denial::new(431, "The request has too many fields"),
        httparse::Error::Version => {
            let line = &text[..memchr::memchr(b'\r', text).unwrap_or(0)];
            let mut parts = line.split(|&b| b == b' ').skip(2);
            match (parts.next(), parts.next()) {
                (Some(version), None) if version.len() == 8 && version.starts_with(b"HTTP/") => {
                    Denial::new(505, "The version of HTTP is not 1.0 or 1.1")
                }
                _ => Denial::bad("The request line does not end with a version of HTTP"),
            }
        }
        httparse::Error::Token => Denial::bad("The request line is malformed"),
        _ => Denial::bad("A field of the request is malformed"),
    }
}

/// What the grammar allows and two readers could understand in two ways.
pub(super) fn check(head: RequestHead, limits: &Limits) -> Result<ClientHead, Denial> {
    if head.target.len() > limits.target_size {
        return Err(Denial::new(414, "The request's target is too long"));
    }
    head.check_line()?;
    let form = target::form(&head.method, &head.target)?;
    check_framing_fields(&head)?;
    let framing = head.framing()?.unwrap_or(Framing::Empty);
    check_host(&head)?;
    let awaits_continue = check_expect(&head, framing)?;
    let keep_alive = keeps_alive(&head);
    let upgrade = asks_for_upgrade(&head);
    // Their names are in lower case already.
    let fields = write_headers(head.fields, true);
    let head = RequestHead { fields, ..head };
    Ok(ClientHead { head, form, framing, awaits_continue, keep_alive, upgrade, sent: Bytes::new() })
}

fn check_framing_fields(head: &RequestHead) -> Result<(), Denial> {
    if !head.fields.may_have(Framing::NAMES) {
        return Ok(());
    }
    if head.fields.get_all(b"content-length").count() > 1 {
        return Err(Denial::bad("The request has more than one Content-Length"));
    }
    let codings = || head.fields.get_all(b"transfer-encoding");
    if codings().next().is_some() && head.version == Version::Http10 {
        return Err(Denial::bad("The request is HTTP/1.0 and has a Transfer-Encoding"));
    }
    let chunked = codings()
        .flat_map(|value| value.split(|&b| b == b','))
        .filter(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
        .count();
    if chunked > 1 {
        return Err(Denial::bad("The request is chunked more than once"));
    }
    Ok(())
}

fn check_host(head: &RequestHead) -> Result<(), Denial> {
    let mut hosts = head.fields.get_all(b"host");
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host) => Ok(()),
        (None, _) if head.version == Version::Http10 => Ok(()),
        (None, _) => Err(Denial::bad("The request has no Host field")),
        (Some(_), Some(_)) => Err(Denial::bad("The request has more than one Host field")),
        (Some(_), None) => Err(Denial::bad("The request's Host field is not a host")),
    }
}

/// Whether the client waits for a `100`.
pub(super) fn check_expect(head: &RequestHead, framing: Framing) -> Result<bool, Denial> {
    if head.version == Version::Http10 || framing == Framing::Empty {
        return Ok(false);
    }
    let mut expected = head.fields.get_all(b"expect");
    match (expected.next(), expected.next()) {
        (None, _) => Ok(false),
        (Some(what), None) if what.eq_ignore_ascii_case(b"100-continue") => Ok(true),
        _ => Err(Denial::new(417, "The request expects something else than 100-continue")),
    }
}

fn keeps_alive(head: &RequestHead) -> bool {
    let names = |wanted: &[u8]| has_connection_option(&head.fields, wanted);
    match head.version {
        Version::Http10 => names(b"keep-alive") && !names(b"close"),
        _ => !names(b"close"),
    }
}

fn asks_for_upgrade(head: &RequestHead) -> bool {
    head.version == Version::Http11
        && head.fields.get(b"upgrade").is_some()
        && has_connection_option(&head.fields, b"upgrade")
}

/// Whether `Connection` names `option`.
pub(super) fn has_connection_option(fields: &Fields, option: &[u8]) -> bool {
    fields
        .get_all(b"connection")
        .flat_map(|value| value.split(|&b| b == b','))
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(option))
}

/// Some clients send one too many behind a body; more is no accident.
const MOST_BLANK_LINES: usize = 4;
/// What passes add to most heads.
const ROOM_FOR_PASSES: usize = 128;
/// A method of 32 bytes, two spaces, the version and the line's end.
const LONGEST_REST_OF_LINE: usize = 32 + 2 + 8 + 2;

#[cfg(test)]
mod tests;
