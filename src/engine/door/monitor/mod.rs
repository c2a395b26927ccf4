//! A listener of its own beside a door: `/metrics` for Prometheus, `/healthz` for whoever distributes requests. It answers while
//! JavaScript is busy, and until the door has closed.

mod metrics;

use super::Settings;
use super::encode::{self, Connection};
use super::head::{ClientHead, Search};
use super::life::Stage;
use super::limits::Limits;
use super::listener::{Accepted, Bound};
use super::place::{Address, Place};
use super::stats::DoorStats;
use super::stream::Stream;
use crate::engine::head::Fields;
use crate::engine::observe::Stats;
use bytes::BytesMut;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

/// What is told.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) doors: Vec<Arc<DoorStats>>,
    pub(super) upstream: Vec<Arc<Stats>>,
    pub(super) stage: watch::Receiver<Stage>,
    pub(super) settings: Arc<Settings>,
}

impl Sources {
    fn is_open(&self) -> bool {
        *self.stage.borrow() == Stage::Open
    }

    fn lost(&self) -> u64 {
        self.settings.log.as_ref().map_or(0, |log| log.lost() as u64)
    }
}

impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        metrics::write(self, &mut encoder)
    }
}

/// A monitor that has its place.
#[derive(Debug)]
pub(super) struct Monitor {
    bound: Bound,
    address: Address,
}

impl Monitor {
    pub(super) fn bind(place: &Place) -> io::Result<Self> {
        let bound = place.bind(1)?.remove(0);
        let address = bound.address(&place.address)?;
        Ok(Self { bound, address })
    }

    pub(super) const fn address(&self) -> &Address {
        &self.address
    }

    /// Answers for ever; to be dropped.
    pub(super) async fn run(self, sources: Sources) {
        let Ok(listener) = self.bound.watched() else { return };
        let stage = sources.stage.clone();
        let mut registry = Registry::with_prefix("rs_proxy");
        registry.register_collector(Box::new(sources));
        let registry = Arc::new(registry);
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok(accepted) = listener.accept().await else {
                sleep(PAUSE).await;
                continue;
            };
            let (registry, stage) = (Arc::clone(&registry), stage.clone());
            tokio::spawn(async move {
                // Whoever asks too slowly, or leaves, has no answer.
                timeout(LIMIT, serve(accepted, &registry, &stage)).await.ok();
                drop(place);
            });
        }
    }
}

async fn serve(accepted: Accepted, registry: &Registry, stage: &watch::Receiver<Stage>) -> io::Result<()> {
    match accepted {
        Accepted::Tcp(stream, _) => tell(stream, registry, stage).await,
        #[cfg(unix)]
        Accepted::Unix(stream) => tell(stream, registry, stage).await,
    }
}

/// One request, one answer.
async fn tell(
    mut stream: impl Stream,
    registry: &Registry,
    stage: &watch::Receiver<Stage>,
) -> io::Result<()> {
    let (mut search, mut buffer) = (Search::default(), BytesMut::new());
    let limits = Limits::default();
    let head = loop {
        match search.take(&mut buffer, &limits) {
            Ok(Some(head)) => break head,
            Ok(None) => {}
            Err(denial) => return answer(&mut stream, denial.status, TEXT, "", true).await,
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    };
    let ClientHead { head, .. } = head;
    let path = head.target.split(|byte| *byte == b'?').next().unwrap_or_default();
    let has_body = &head.method[..] != b"HEAD";
    let is_read = matches!(&head.method[..], b"GET" | b"HEAD");
    let is_open = *stage.borrow() == Stage::Open;
    let (status, kind, body) = match path {
        b"/metrics" | b"/healthz" if !is_read => (405, TEXT, String::new()),
        b"/metrics" => {
            let mut body = String::new();
            text::encode(&mut body, registry).map_err(io::Error::other)?;
            (200, METRICS, body)
        }
        b"/healthz" if is_open => (200, TEXT, "ok\n".to_owned()),
        b"/healthz" => (503, TEXT, "draining\n".to_owned()),
        _ => (404, TEXT, String::new()),
    };
    answer(&mut stream, status, kind, &body, has_body).await
}

async fn answer(
    stream: &mut impl Stream,
    status: u16,
    kind: &'static str,
    body: &str,
    has_body: bool,
) -> io::Result<()> {
    let mut fields = Fields::with_capacity(2);
    fields.push("content-type", kind);
    fields.push("cache-control", "no-store");
    let mut out = BytesMut::new();
    encode::whole_answer(status, fields, body, has_body, Connection::Close, &mut out);
    stream.write_all(&out).await?;
    stream.shutdown().await
}

const TEXT: &str = "text/plain; charset=utf-8";
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// At a time: one or two ask, every few seconds.
const MOST_CONNECTIONS: usize = 64;
/// For one request and its answer.
const LIMIT: Duration = Duration::from_secs(5);
/// Until descriptors may be there again.
const PAUSE: Duration = Duration::from_millis(100);
