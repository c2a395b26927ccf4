//! One direction between two connections: frames in, verdicts, frames out.

use super::Judge;
use super::lane::{Lane, Step};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Which end failed.
pub(super) enum Error {
    Read(io::Error),
    Write(io::Error),
}

/// Carries messages until `from` has ended, and says so to `to`.
pub(super) async fn run<R, W>(mut lane: Lane, judge: Judge<'_>, mut from: R, mut to: W) -> Result<(), Error>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    loop {
        match lane.step() {
            Step::More => {
                if from.read_buf(lane.input()).await.map_err(Error::Read)? == 0 {
                    break;
                }
            }
            Step::Pass(bytes) => write(&mut to, &bytes).await?,
            Step::Judge(message) => {
                let verdict = judge.judge(message).await;
                write(&mut to, &lane.settle(verdict)).await?;
            }
        }
    }
    to.write_all(&lane.rest()).await.map_err(Error::Write)?;
    to.shutdown().await.map_err(Error::Write)
}

async fn write<W: AsyncWrite + Unpin>(to: &mut W, bytes: &[u8]) -> Result<(), Error> {
    to.write_all(bytes).await.map_err(Error::Write)?;
    to.flush().await.map_err(Error::Write)
}
