//! What a request goes over: a connection of its own, or a place on a session.

use super::connect::{Connect, Connection};
use super::h2::{Place, Session, Turn};
use super::pool::{Key, Pool};
use super::resolve::Lookup;
use crate::engine::config::{Http2, Timeouts};
use crate::engine::error::{Error, Http2Fault, Kind, Limit, Phase};
use std::sync::Arc;
use tokio::time::timeout;

/// What a request goes over.
pub(in crate::engine) enum Link {
    /// A connection of its own, for HTTP/1.1.
    Http1(Connection),
    /// A place on a session of HTTP/2.
    Http2(Place),
}

/// Which connections will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Wanted {
    /// Any.
    Any,
    /// None that has waited for its next request: such a one has just failed. A session is either alive or known not to be.
    Fresh,
    /// One of its own, that nobody uses afterwards.
    Own,
}

/// Finds or makes a link.
///
/// # Errors
///
/// When the target cannot be connected to.
pub(in crate::engine) async fn link(
    pool: &Pool,
    connector: &dyn Connect,
    key: &Key,
    timeouts: Timeouts,
    lookup: &dyn Lookup,
    wanted: Wanted,
) -> Result<Link, Error> {
    if key.http2 == Http2::Never {
        return alone(pool, connector, key, timeouts, lookup, wanted).await.map(Link::Http1);
    }
    // A session is there when the target has said what it takes.
    // On the heap: those who speak HTTP/1.1 need not hold it.
    let link = Box::pin(shared(pool, connector, key, timeouts, lookup, wanted));
    match timeout(timeouts.connect_limit(), link).await {
        Ok(result) => result,
        Err(_) => Err(timeouts.exceeded(Limit::Connect, Phase::Connect)),
    }
}

async fn alone(
    pool: &Pool,
    connector: &dyn Connect,
    key: &Key,
    timeouts: Timeouts,
    lookup: &dyn Lookup,
    wanted: Wanted,
) -> Result<Connection, Error> {
    let idle = if wanted == Wanted::Any { pool.take(key) } else { None };
    match idle {
        Some(connection) => Ok(connection),
        None => connector.connect(key, timeouts, lookup).await,
    }
}

async fn shared(
    pool: &Pool,
    connector: &dyn Connect,
    key: &Key,
    timeouts: Timeouts,
    lookup: &dyn Lookup,
    wanted: Wanted,
) -> Result<Link, Error> {
    if wanted == Wanted::Own {
        let connection = connector.connect(key, timeouts, lookup).await?;
        if !connection.is_http2 {
            return Ok(Link::Http1(connection));
        }
        return Ok(Link::Http2(Session::open(connection, &pool.stats, None).await?.place()));
    }
    let sessions = &pool.sessions;
    let most = key
        .agent
        .as_ref()
        .and_then(|agent| agent.most_open)
        .map_or(MOST_SESSIONS, |most| most.min(MOST_SESSIONS));
    let open = async |connection| {
        let list = Some((Arc::downgrade(sessions), key.clone()));
        Session::open(connection, &pool.stats, list).await
    };
    loop {
        match sessions.turn(key, most) {
            Turn::Place(place) => return Ok(Link::Http2(place)),
            Turn::Wait(mut outcome) => {
                // An error says that whoever connected has given up.
                let outcome =
                    outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
                if let Some(Err(error)) = outcome {
                    return Err(error);
                }
            }
            Turn::Alone => {
                let connection = alone(pool, connector, key, timeouts, lookup, wanted).await?;
                // A plain target is not asked, and cannot have changed its mind.
                if !connection.is_http2 || key.tls.is_none() {
                    return Ok(Link::Http1(connection));
                }
                let session = open(connection).await?;
                sessions.keep(key, &session);
                return Ok(Link::Http2(session.place()));
            }
            Turn::Open(opening) => {
                let opened = async {
                    let connection = connector.connect(key, timeouts, lookup).await?;
                    if !connection.is_http2 {
                        return Ok(Err(connection));
                    }
                    match open(connection).await {
                        Ok(session) => Ok(Ok(session)),
                        // No request was sent yet.
                        Err(error) if key.tls.is_none() && is_other_protocol(&error) => {
                            connector.connect(key, timeouts, lookup).await.map(Err)
                        }
                        Err(error) => Err(error),
                    }
                };
                match opened.await {
                    Ok(Ok(session)) => {
                        // Its own place first: others wait for one, too.
                        let place = session.place();
                        opening.opened(&session);
                        return Ok(Link::Http2(place));
                    }
                    Ok(Err(connection)) => {
                        opening.speaks_http1();
                        return Ok(Link::Http1(connection));
                    }
                    Err(error) => {
                        opening.failed(&error);
                        return Err(error);
                    }
                }
            }
        }
    }
}

/// Whether a plain target has answered the preface of HTTP/2 as one does that has never heard of it.
const fn is_other_protocol(error: &Error) -> bool {
    matches!(error.kind, Kind::Http2(Http2Fault::Protocol) | Kind::Closed)
}

/// Sessions to one place at the same time; requests beyond what they take wait.
const MOST_SESSIONS: usize = 16;
