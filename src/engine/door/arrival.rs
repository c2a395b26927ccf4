//! What a connection turns out to be: TLS or not, and which version of HTTP is spoken.

use super::answer::write_all;
use super::connection::{Connection, linger};
use super::encode::{self, Connection as Ends};
use super::h2;
use super::life::Stage;
use super::rewound::Rewound;
use super::stats::DoorStats;
use super::stream::Stream;
use super::tls::Secure;
use super::visitor::Visitor;
use crate::engine::exchange::Context;
use crate::engine::head::is_token;
use bytes::BytesMut;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// A connection that has just been accepted.
pub(super) struct Arrival {
    pub(super) visitor: Visitor,
    pub(super) stage: watch::Receiver<Stage>,
    pub(super) context: Context,
}

impl Arrival {
    /// Serves it to its end.
    pub(super) async fn serve<S: Stream + 'static>(self, stream: S) {
        match self.visitor.settings.secure.clone() {
            None if self.visitor.settings.h2c => Box::pin(self.serve_either(stream)).await,
            None => Connection::new(self.visitor, self.stage, self.context).serve(stream).await,
            // Large, and not for those who do not need it.
            Some(secure) => Box::pin(self.serve_securely(&secure, stream)).await,
        }
    }

    async fn serve_securely<S: Stream + 'static>(mut self, secure: &Secure, mut stream: S) {
        let mut first = BytesMut::with_capacity(FIRST_READ);
        let reading = timeout(secure.handshake_time(), stream.read_buf(&mut first));
        let has_come = tokio::select! {
            biased;
            read = reading => matches!(read, Ok(Ok(1..))),
            () = too_late(&mut self.stage) => false,
        };
        if !has_come {
            return DoorStats::count(&self.visitor.stats.handshake_failures);
        }
        // No record of TLS begins so, and every request does.
        if is_token(&first[..1]) {
            DoorStats::count(&self.visitor.stats.handshake_failures);
            return self.say_https(stream).await;
        }
        let accepted = tokio::select! {
            biased;
            accepted = secure.accept(Rewound::new(first, stream)) => accepted,
            () = too_late(&mut self.stage) => return DoorStats::count(&self.visitor.stats.handshake_failures),
        };
        let Ok(accepted) = accepted else {
            return DoorStats::count(&self.visitor.stats.handshake_failures);
        };
        let visitor = Visitor { session: Some(accepted.session), asked: accepted.asked, ..self.visitor };
        if accepted.is_http2 {
            h2::serve(Box::new(accepted.stream), visitor, self.stage, self.context).await;
        } else {
            Connection::new(visitor, self.stage, self.context).serve(accepted.stream).await;
        }
    }

    /// HTTP/1.1, or HTTP/2 by a client that begins with its preface.
    async fn serve_either<S: Stream + 'static>(mut self, mut stream: S) {
        let mut first = BytesMut::with_capacity(FIRST_READ);
        let reading = async {
            while PREFACE.starts_with(&first) && first.len() < PREFACE.len() {
                if !matches!(stream.read_buf(&mut first).await, Ok(1..)) {
                    return false;
                }
            }
            true
        };
        let has_come = tokio::select! {
            biased;
            read = timeout(self.visitor.settings.limits.head_time, reading) => read.unwrap_or(false),
            () = too_late(&mut self.stage) => false,
        };
        if !has_come {
            return;
        }
        let is_http2 = first.starts_with(PREFACE);
        let stream = Rewound::new(first, stream);
        if is_http2 {
            h2::serve(Box::new(stream), self.visitor, self.stage, self.context).await;
        } else {
            Connection::new(self.visitor, self.stage, self.context).serve(stream).await;
        }
    }

    async fn say_https<S: Stream>(self, mut stream: S) {
        let mut out = BytesMut::new();
        let why = "The request is plain HTTP, and this port speaks HTTPS";
        encode::own_answer(400, Some(why), true, Ends::Close, &mut out);
        if write_all(&mut stream, out, self.visitor.settings.limits.write_idle).await.is_ok() {
            linger(stream).await;
        }
    }
}

/// Waits until a connection that says nothing is not waited for any more. One that is used all the time, or was made just before the door
/// closed, may have a request on the way.
pub(super) async fn too_late(stage: &mut watch::Receiver<Stage>) {
    // An error says that the door is gone altogether.
    stage.wait_for(|stage| *stage != Stage::Open).await.ok();
    sleep(LATE_REQUEST).await;
}

const FIRST_READ: usize = 4 * 1024;
/// How a connection of HTTP/2 begins (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a connection may bring another request to a door that closes.
const LATE_REQUEST: Duration = Duration::from_millis(500);
