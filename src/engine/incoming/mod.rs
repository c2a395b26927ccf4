//! The passes on a request head, from the client's to the one that is sent. Pure: a head and a [`Config`] in, a head out.
//!
//! Where the originals have a pass for it, the function has its name.

mod head;
mod hop_by_hop;
mod path;
mod x_headers;

pub use hop_by_hop::strip as strip_hop_by_hop;
pub use path::join as join_path;

use super::config::Config;
use super::error::{Error, Refusal};
use super::head::{EditedHead, Framing, PackedRequest, RequestHead, Version};
use super::outgoing::RedirectRewrite;
use bytes::Bytes;

/// A request head ready to be sent, and what its client said of the body's length.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// The head. It has neither framing nor `connection` fields: the sender writes its own.
    pub head: RequestHead,
    /// The declared framing; `None` if nothing was declared.
    pub framing: Option<Framing>,
    /// The host by which the client knows this server, if redirects are rewritten to it.
    pub client_host: Option<Bytes>,
    /// The head is complete: it is written as it stands, and its receiver's answers are not looked into. So with what goes to Node.
    pub verbatim: bool,
}

/// Runs all passes.
///
/// # Errors
///
/// A refusal, for a request that must not be forwarded.
pub fn run(packed: PackedRequest, config: &Config) -> Result<Outbound, Error> {
    let PackedRequest { mut head, client, overrides } = packed;
    // Before anything is derived from the head: what two readers could understand in two ways.
    head::check(&head, &client, config)?;
    let framing = head.framing()?;
    let knows_us = config.redirects.as_ref().is_some_and(RedirectRewrite::is_to_client_host);
    let client_host = if knows_us { head.fields.get(b"host").map(Bytes::copy_from_slice) } else { None };
    // The URL decides over the Host field, and both forwarding headers and changeOrigin look at the result.
    head::take_origin_form(&mut head, config)?;
    let names_host = head.fields.get_all(b"host").any(|host| !host.is_empty());
    head::default_host(&mut head, config);
    // Client-nominated fields go first, so that none of ours can be nominated away (CVE-2026-33805).
    strip_hop_by_hop(&mut head.fields);
    if config.xfwd {
        x_headers::run(&mut head.fields, &client, names_host);
    }
    head::set_method(&mut head, config);
    head::set_path(&mut head, config);
    head::merge_headers(&mut head.fields, overrides);
    // An upper-case `Host` among the options is the user's last word; changeOrigin overwrites the lower-case one.
    head::change_origin(&mut head.fields, config);
    // Likewise: `auth` is meant for the target, so it counts more than what the client sent.
    head::authorize(&mut head.fields, config);
    Ok(Outbound { head, framing, client_host, verbatim: false })
}

/// Makes an [`Outbound`] of a head that passed [`run`] before and was edited by a listener since. `client_host` is the host by which the
/// client knows this server.
///
/// # Errors
///
/// A refusal, for a head that cannot be sent.
pub fn resume(edited: EditedHead, client_host: Option<Bytes>) -> Result<Outbound, Error> {
    let EditedHead { method, target, fields } = edited;
    let mut head = RequestHead { method, target, version: Version::Http11, fields };
    head.check_line()?;
    if head.target.is_empty() {
        return Err(Error::refused(Refusal::Target));
    }
    let framing = head.framing().unwrap_or(None);
    strip_hop_by_hop(&mut head.fields);
    Ok(Outbound { head, framing, client_host, verbatim: false })
}

#[cfg(test)]
mod tests;
