//! What a client and the door have agreed on in their handshake, for whoever asks the client's socket at Node's side.

use super::clients::Clients;
use rustls::{ProtocolVersion, ServerConnection};

/// A session with a client, in Node's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// `TLSv1.3`, for instance.
    pub version: &'static str,
    /// The standard's name of the cipher suite.
    pub cipher: String,
    /// The protocol that was agreed on, if the client has offered any.
    pub protocol: Option<String>,
    /// The name that the client has asked for.
    pub server_name: Option<String>,
    /// The client's certificates in DER, its own first.
    pub certificates: Vec<Vec<u8>>,
    /// Clients are asked for a certificate: what there is against this one's.
    pub verdict: Verdict,
}

/// What has become of a client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody has asked for one.
    NotAsked,
    /// It is good.
    Good,
    /// It is not, or there is none: Node's code.
    Bad(&'static str),
}

impl Session {
    /// That of a connection whose handshake is over.
    pub(super) fn of(connection: &ServerConnection, clients: Option<&Clients>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let certificates = connection.peer_certificates().unwrap_or_default();
        let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        Self {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLSv1.3",
            },
            // rustls says of two of them which version they are for.
            cipher: suite.unwrap_or_default().replacen("TLS13_", "TLS_", 1),
            protocol: connection.alpn_protocol().map(text),
            server_name: connection.server_name().map(str::to_owned),
            verdict: clients.map_or(Verdict::NotAsked, |clients| clients.judge(certificates)),
            certificates: certificates.iter().map(|one| one.to_vec()).collect(),
        }
    }
}
