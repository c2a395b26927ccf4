//! The text of `/metrics`: OpenMetrics, which Prometheus reads. No name and no label comes from a request, so there are only so many.

use super::Sources;
use crate::engine::door::stats::{DoorStats, Times};
use crate::engine::observe::Stats;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Writes them all.
pub(super) fn write(sources: &Sources, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    for (name, help, of) in GAUGES {
        gauge(encoder, name, help, sources.door(of))?;
    }
    gauge(encoder, "draining", "1 while the door closes.", u64::from(!sources.is_open()))?;
    for (name, help, of) in COUNTERS {
        counter(encoder, name, help, sources.door(of))?;
    }
    answers(sources, encoder)?;
    times(sources, encoder)?;
    for (name, help, of) in UPSTREAM_GAUGES {
        gauge(encoder, name, help, sources.upstream(of))?;
    }
    for (name, help, of) in UPSTREAM_COUNTERS {
        counter(encoder, name, help, sources.upstream(of))?;
    }
    counter(encoder, "access_log_lost", "Lines of the access log that could not be written.", sources.lost())
}

type Of<T> = fn(&T) -> &AtomicUsize;
type Row<T> = (&'static str, &'static str, Of<T>);

const GAUGES: [Row<DoorStats>; 2] = [
    ("connections", "Connections of clients that are open.", |stats| &stats.connections),
    ("requests_in_flight", "Requests that are being answered.", |stats| &stats.in_flight),
];

const COUNTERS: [Row<DoorStats>; 8] = [
    ("connections_accepted", "Connections of clients that were accepted.", |stats| &stats.accepted),
    ("accept_errors", "Connections that could not be accepted.", |stats| &stats.accept_errors),
    ("requests_forwarded", "Requests that were forwarded to a target.", |stats| &stats.forwarded),
    ("requests_refused", "Requests that were malformed, too large or too slow.", |stats| &stats.refused),
    ("requests_overloaded", "Requests above the limit of those in flight.", |stats| &stats.overloaded),
    ("requests_failed", "Requests whose target failed before it answered.", |stats| &stats.failed),
    ("responses_cut", "Responses whose target failed in the middle.", |stats| &stats.cut),
    ("requests_abandoned", "Requests whose client left before the end.", |stats| &stats.abandoned),
];

const UPSTREAM_GAUGES: [Row<Stats>; 2] = [
    ("upstream_connections", "Connections to targets that are open.", |stats| &stats.connections),
    ("upstream_connections_idle", "Those that wait for a request.", |stats| &stats.idle),
];

const UPSTREAM_COUNTERS: [Row<Stats>; 3] = [
    ("upstream_connections_made", "Connections to targets that were made.", |stats| &stats.connected),
    ("upstream_retries", "Requests that were sent a second time.", |stats| &stats.retries),
    ("panics", "Requests in which the engine failed.", |stats| &stats.panics),
];

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let value = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    value.encode(encoder.encode_descriptor(name, help, None, value.metric_type())?)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let value = ConstCounter::new(value);
    value.encode(encoder.encode_descriptor(name, help, None, value.metric_type())?)
}

fn answers(sources: &Sources, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "Answers to clients, by the first digit of their status.";
    let mut family = encoder.encode_descriptor("answers", help, None, MetricType::Counter)?;
    for (class, label) in ["1xx", "2xx", "3xx", "4xx", "5xx"].iter().enumerate() {
        let value = ConstCounter::new(sources.door(|stats| &stats.answers[class]));
        value.encode(family.encode_family(&[("status", *label)])?)?;
    }
    Ok(())
}

fn times(sources: &Sources, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "From the end of a request's head to the end of its response.";
    let mut histogram =
        encoder.encode_descriptor("request_duration_seconds", help, None, MetricType::Histogram)?;
    let of_all = |bucket: usize| sources.doors.iter().map(|stats| stats.times.count(bucket)).sum::<u64>();
    let buckets: Vec<(f64, u64)> =
        Times::BOUNDS.iter().enumerate().map(|(at, bound)| (*bound, of_all(at))).collect();
    let sum = sources.doors.iter().map(|stats| stats.times.sum()).sum();
    let count = buckets.iter().map(|(_, count)| count).sum();
    histogram.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
}

impl Sources {
    fn door(&self, of: impl Fn(&DoorStats) -> &AtomicUsize) -> u64 {
        self.doors.iter().map(|stats| of(stats).load(Ordering::Relaxed) as u64).sum()
    }

    fn upstream(&self, of: impl Fn(&Stats) -> &AtomicUsize) -> u64 {
        self.upstream.iter().map(|stats| of(stats).load(Ordering::Relaxed) as u64).sum()
    }
}
