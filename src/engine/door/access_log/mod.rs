//! The access log: one line for each request. Lines are made on the thread that served the request, and written by a thread of their own:
//! a disk that is full, or a reader that has stopped, holds up no request.

mod line;
mod sink;

pub use line::Format;

use crate::engine::head::{RequestHead, Version};
use bytes::Bytes;
use line::Line;
use sink::Sink;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// An access log that is open.
#[derive(Debug)]
pub struct AccessLog {
    format: Format,
    sink: Sink,
    /// Lines that could not be written.
    lost: AtomicUsize,
}

/// What of a request its line is made of.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Bytes,
    pub(super) target: Bytes,
    /// Such as `HTTP/1.1`.
    pub(super) protocol: &'static str,
    pub(super) host: Option<Bytes>,
    pub(super) referer: Option<Bytes>,
    pub(super) user_agent: Option<Bytes>,
}

impl Asked {
    /// Shares the head's bytes.
    pub(super) fn new(head: &RequestHead) -> Self {
        let RequestHead { method, target, version, fields } = head;
        Self {
            method: method.clone(),
            target: target.clone(),
            protocol: match version {
                Version::Http10 => "HTTP/1.0",
                Version::Http11 => "HTTP/1.1",
                Version::Http2 => "HTTP/2.0",
            },
            host: fields.get(b"host").map(Bytes::copy_from_slice),
            referer: fields.get(b"referer").map(Bytes::copy_from_slice),
            user_agent: fields.get(b"user-agent").map(Bytes::copy_from_slice),
        }
    }
}

/// What has become of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    /// 499, if its client left before it was answered.
    pub(super) status: u16,
    /// Bytes of the body.
    pub(super) body: u64,
    /// From the end of the head to the end of the response.
    pub(super) took: Duration,
    /// Why it failed, or was refused.
    pub(super) why: Option<&'a str>,
}

impl AccessLog {
    /// A log at the end of the file at `path`, or on the standard output.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, or there is no thread to be had.
    pub fn open(format: Format, path: Option<&Path>) -> io::Result<Self> {
        Ok(Self { format, sink: Sink::open(path)?, lost: AtomicUsize::new(0) })
    }

    /// Adds a line. `asked` is `None` for what was no request.
    pub(super) fn add(&self, client: Option<IpAddr>, asked: Option<&Asked>, told: Told<'_>) {
        let line = Line { at: SystemTime::now(), client, asked, told };
        if !self.sink.put(|out| self.format.write(&line, out)) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many lines could not be written.
    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed) + self.sink.lost()
    }

    /// Waits until everything is written, for a moment at most.
    pub(super) async fn finish(&self) {
        self.sink.finish().await;
    }
}

#[cfg(test)]
mod tests;
