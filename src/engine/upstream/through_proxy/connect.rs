//! `CONNECT` (RFC 9110 §9.3.6).

use super::{Asked, Failure};
use crate::engine::head::ResponseHead;
use bytes::BytesMut;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(super) async fn ask<I: AsyncRead + AsyncWrite + Unpin>(
    asked: Asked<'_>,
    authorization: Option<&[u8]>,
    io: &mut I,
) -> Result<(), Failure> {
    let authority = asked.authority();
    let mut head = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n").into_bytes();
    if let Some(authorization) = authorization {
        head.extend_from_slice(&[b"proxy-authorization: ", authorization, b"\r\n"].concat());
    }
    head.extend_from_slice(b"\r\n");
    io.write_all(&head).await?;
    io.flush().await?;
    let head = answer(asked, io).await?;
    if (200..300).contains(&head.status) {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&head.reason);
    Err(asked.refused(format!("it has answered {} {reason}", head.status).trim_end()))
}

/// The answer's head, and nothing behind it: what follows is the target's.
async fn answer<I: AsyncRead + Unpin>(asked: Asked<'_>, io: &mut I) -> Result<ResponseHead, Failure> {
    let mut buffer = BytesMut::with_capacity(1024);
    let mut searched = 0;
    loop {
        let taken = ResponseHead::take(&mut buffer, &mut searched);
        let Some(head) = taken.map_err(|error| asked.refused(&error.to_string()))? else {
            if io.read_buf(&mut buffer).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            continue;
        };
        if (100..200).contains(&head.status) {
            continue;
        }
        // The target has been told nothing yet: TLS and HTTP both begin with us.
        if (200..300).contains(&head.status) && !buffer.is_empty() {
            return Err(asked.refused("it has sent more than its answer"));
        }
        return Ok(head);
    }
}
