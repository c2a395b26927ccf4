//! Replays the seeds of the fuzz targets. Each is named by what becomes of it, and what it is: `refused-line-feed-in-a-value`.

#[path = "invariants/chunks.rs"]
mod chunks;
#[path = "invariants/head_codec.rs"]
mod head_codec;
#[path = "invariants/http2_head.rs"]
mod http2_head;
#[path = "invariants/path.rs"]
mod path;
#[path = "invariants/request.rs"]
mod request;
#[path = "invariants/response.rs"]
mod response;
#[path = "invariants/target.rs"]
mod target;

use std::fs;
use std::io;
use std::panic::catch_unwind;
use std::path::Path;

#[test]
fn packed_heads() -> io::Result<()> {
    replay("head_codec", head_codec::check)
}

#[test]
fn targets() -> io::Result<()> {
    replay("target", target::check)
}

#[test]
fn requests() -> io::Result<()> {
    replay("request", request::check)
}

#[test]
fn chunked_bodies() -> io::Result<()> {
    replay("chunks", chunks::check)
}

#[test]
fn paths() -> io::Result<()> {
    replay("path", path::check)
}

#[test]
fn http2_heads() -> io::Result<()> {
    replay("http2_head", http2_head::check)
}

#[test]
fn responses() -> io::Result<()> {
    replay("response", response::check)
}

/// Checks every seed of a fuzz target, and that the seed is what its name says.
fn replay(target: &str, check: fn(&[u8]) -> &'static str) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = fs::read(entry.path())?;
        let verdict = catch_unwind(|| check(&bytes)).unwrap_or("broken");
        assert!(name.starts_with(verdict), "{target}/{name} is {verdict}");
        count += 1;
    }
    assert!(count > 0, "{} holds no seed", folder.display());
    Ok(())
}
