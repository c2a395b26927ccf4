//! SOCKS 5 (RFC 1928), with user and password (RFC 1929) if we have them.

use super::{Asked, Failure};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const VERSION: u8 = 5;
const OPEN: u8 = 0;
const PASSWORD: u8 = 2;
const NOTHING_ACCEPTABLE: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

pub(super) async fn ask<I: AsyncRead + AsyncWrite + Unpin>(
    asked: Asked<'_>,
    credentials: Option<&(Arc<str>, Arc<str>)>,
    io: &mut I,
) -> Result<(), Failure> {
    choose_method(asked, credentials, io).await?;
    let mut request = vec![VERSION, CONNECT, 0];
    match asked.host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend_from_slice(&address.octets());
        }
        Err(_) => {
            request.push(NAME);
            request.push(length(asked, asked.host)?);
            request.extend_from_slice(asked.host.as_bytes());
        }
    }
    request.extend_from_slice(&asked.port.to_be_bytes());
    io.write_all(&request).await?;
    io.flush().await?;
    reply(asked, io).await
}

async fn choose_method<I: AsyncRead + AsyncWrite + Unpin>(
    asked: Asked<'_>,
    credentials: Option<&(Arc<str>, Arc<str>)>,
    io: &mut I,
) -> Result<(), Failure> {
    let offered: &[u8] =
        if credentials.is_some() { &[VERSION, 2, OPEN, PASSWORD] } else { &[VERSION, 1, OPEN] };
    io.write_all(offered).await?;
    io.flush().await?;
    let mut chosen = [0; 2];
    io.read_exact(&mut chosen).await?;
    match (chosen, credentials) {
        ([VERSION, OPEN], _) => Ok(()),
        ([VERSION, PASSWORD], Some((user, password))) => {
            let mut told = vec![1, length(asked, user)?];
            told.extend_from_slice(user.as_bytes());
            told.push(length(asked, password)?);
            told.extend_from_slice(password.as_bytes());
            io.write_all(&told).await?;
            io.flush().await?;
            let mut answer = [0; 2];
            io.read_exact(&mut answer).await?;
            if answer[1] == 0 { Ok(()) } else { Err(asked.refused("it does not take user and password")) }
        }
        ([VERSION, NOTHING_ACCEPTABLE], None) => Err(asked.refused("it wants to be told who asks")),
        ([VERSION, _], _) => Err(asked.refused("it wants to be told who asks in another way")),
        _ => Err(asked.refused("it does not speak SOCKS 5")),
    }
}

async fn reply<I: AsyncRead + Unpin>(asked: Asked<'_>, io: &mut I) -> Result<(), Failure> {
    let mut head = [0; 4];
    io.read_exact(&mut head).await?;
    let [version, code, _, kind] = head;
    if version != VERSION {
        return Err(asked.refused("it does not speak SOCKS 5"));
    }
    if code != 0 {
        let (code, why) = meaning(code);
        return Err(Failure::Refused(asked.fault(code, why)));
    }
    // The address that it connects from is nothing to us, but must be out of the way.
    let rest = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(io.read_u8().await?),
        _ => return Err(asked.refused("it does not speak SOCKS 5")),
    };
    let mut address = vec![0; rest + 2];
    io.read_exact(&mut address).await?;
    Ok(())
}

/// Node's code for what a reply says, and what it says.
const fn meaning(code: u8) -> (&'static str, &'static str) {
    match code {
        2 => ("EACCES", "its rules do not allow that"),
        3 => ("ENETUNREACH", "the network cannot be reached"),
        4 => ("EHOSTUNREACH", "the host cannot be reached"),
        5 => ("ECONNREFUSED", "the target refuses the connection"),
        6 => ("ETIMEDOUT", "the target has not answered"),
        _ => (super::REFUSED, "it has failed"),
    }
}

/// As the byte in front of a text.
fn length(asked: Asked<'_>, text: &str) -> Result<u8, Failure> {
    u8::try_from(text.len())
        .map_err(|_| asked.refused("a name, or what says who asks, is too long for SOCKS 5"))
}
