//! The formats of a line. What clients send is escaped: no request can write a second line, or a terminal's control sequence.

use super::{Asked, Told};
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::net::IpAddr;
use std::time::SystemTime;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people: status, method, target, time. Coloured, if a terminal shows it.
    Short {
        /// With colours.
        coloured: bool,
    },
    /// The Common Log Format of the web servers.
    Common,
    /// The same with `Referer` and `User-Agent`.
    Combined,
    /// One JSON object a line.
    Json,
}

/// What a line is made of.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) at: SystemTime,
    pub(super) client: Option<IpAddr>,
    pub(super) asked: Option<&'a Asked>,
    pub(super) told: Told<'a>,
}

impl Format {
    /// Writes a line and its end.
    pub(super) fn write(self, line: &Line<'_>, out: &mut Vec<u8>) {
        // Writing to memory does not fail.
        let written = match self {
            Self::Short { coloured } => write!(out, "{}", Short { line, coloured }),
            Self::Common => write!(out, "{}", Common(line)),
            Self::Combined => write!(out, "{}", Combined(line)),
            Self::Json => write!(out, "{}", Json(line)),
        };
        debug_assert!(written.is_ok());
        out.push(b'\n');
    }
}

struct Short<'a> {
    line: &'a Line<'a>,
    coloured: bool,
}

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { status, took, why, .. } = self.line.told;
        let colour = match status {
            0..300 => "32",
            300..400 => "36",
            400..500 => "33",
            _ => "31",
        };
        if self.coloured {
            write!(f, "\x1b[{colour}m{status}\x1b[39m ")?;
        } else {
            write!(f, "{status} ")?;
        }
        let (method, target): (&[u8], &[u8]) = match self.line.asked {
            Some(asked) => (&asked.method, &asked.target),
            None => (b"-", b"-"),
        };
        write!(f, "{} {}", Escaped(method), Escaped(target))?;
        let milliseconds = took.as_secs_f64() * 1000.0;
        if self.coloured {
            write!(f, " \x1b[2m{milliseconds:.1} ms\x1b[22m")?;
        } else {
            write!(f, " {milliseconds:.1} ms")?;
        }
        why.map_or(Ok(()), |why| write!(f, " {}", Escaped(why.as_bytes())))
    }
}

struct Common<'a>(&'a Line<'a>);

impl fmt::Display for Common<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { at, client, asked, told } = self.0;
        match client {
            Some(client) => write!(f, "{client}")?,
            None => f.write_char('-')?,
        }
        write!(f, " - - [{}] ", Moment(*at))?;
        match asked {
            Some(Asked { method, target, protocol, .. }) => {
                write!(f, "\"{} {} {protocol}\"", Escaped(method), Escaped(target))?;
            }
            None => f.write_str("\"-\"")?,
        }
        write!(f, " {} {}", told.status, told.body)
    }
}

struct Combined<'a>(&'a Line<'a>);

impl fmt::Display for Combined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = self.0.asked;
        let referer = asked.and_then(|asked| asked.referer.as_deref()).unwrap_or(b"-");
        let user_agent = asked.and_then(|asked| asked.user_agent.as_deref()).unwrap_or(b"-");
        write!(f, "{} \"{}\" \"{}\"", Common(self.0), Escaped(referer), Escaped(user_agent))
    }
}

struct Json<'a>(&'a Line<'a>);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { at, client, asked, told } = self.0;
        write!(f, "{{\"time\":\"{}\"", Iso(*at))?;
        if let Some(client) = client {
            write!(f, ",\"client\":\"{client}\"")?;
        }
        if let Some(Asked { method, target, protocol, host, referer, user_agent }) = asked {
            let (method, target) = (Quoted(method), Quoted(target));
            write!(f, ",\"method\":{method},\"target\":{target},\"protocol\":\"{protocol}\"")?;
            for (name, value) in [("host", host), ("referer", referer), ("userAgent", user_agent)] {
                if let Some(value) = value {
                    write!(f, ",\"{name}\":{}", Quoted(value))?;
                }
            }
        }
        let milliseconds = told.took.as_secs_f64() * 1000.0;
        write!(f, ",\"status\":{},\"bytes\":{},\"ms\":{milliseconds:.3}", told.status, told.body)?;
        if let Some(why) = told.why {
            write!(f, ",\"error\":{}", Quoted(why.as_bytes()))?;
        }
        f.write_char('}')
    }
}

/// Bytes of a client, as the web servers write them: what is not plain ASCII is `\xHH`.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0 {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                b' '..=b'~' => f.write_char(char::from(byte))?,
                _ => write!(f, "\\x{byte:02X}")?,
            }
        }
        Ok(())
    }
}

/// Bytes of a client as a JSON string, each byte one character.
struct Quoted<'a>(&'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for &byte in self.0 {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                b' '..=b'~' => f.write_char(char::from(byte))?,
                _ => write!(f, "\\u{byte:04x}")?,
            }
        }
        f.write_char('"')
    }
}

/// `06/Nov/1994:08:49:37 +0000`.
struct Moment(SystemTime);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, month, year, time) = parts(self.0);
        write!(f, "{day}/{}/{year}:{time} +0000", MONTHS[month])
    }
}

/// `1994-11-06T08:49:37Z`.
struct Iso(SystemTime);

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, month, year, time) = parts(self.0);
        write!(f, "{year}-{:02}-{day}T{time}Z", month + 1)
    }
}

/// Day, month (from 0), year and time of day, out of `Sun, 06 Nov 1994 08:49:37 GMT`.
fn parts(at: SystemTime) -> (String, usize, String, String) {
    let date = httpdate::fmt_http_date(at);
    let part = |from: usize, to: usize| date.get(from..to).unwrap_or_default().to_owned();
    let month = MONTHS.iter().position(|month| *month == part(8, 11)).unwrap_or_default();
    (part(5, 7), month, part(12, 16), part(17, 25))
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
