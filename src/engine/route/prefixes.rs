//! Routes by the beginning of a path, wherever a segment ends; the longest that matches counts.

use super::path::{BadPath, canonical};

/// Routes and where they lead, the longest first.
#[derive(Debug)]
pub struct Prefixes<T>(Vec<(Box<[u8]>, T)>);

impl<T> Default for Prefixes<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Prefixes<T> {
    /// Adds a route, or replaces the one with this prefix. A slash at the end says nothing.
    ///
    /// # Errors
    ///
    /// For a prefix that is no path.
    pub fn add(&mut self, prefix: &[u8], place: T) -> Result<(), BadPath> {
        let prefix = canonical(prefix)?;
        let length = prefix.iter().rposition(|b| *b != b'/').map_or(0, |last| last + 1);
        let prefix = &prefix[..length];
        if let Some(known) = self.0.iter_mut().find(|(known, _)| **known == *prefix) {
            known.1 = place;
        } else {
            let at = self.0.partition_point(|(known, _)| known.len() > length);
            self.0.insert(at, (prefix.into(), place));
        }
        Ok(())
    }

    /// Where a path, in its canonical form, leads.
    pub fn find(&self, path: &[u8]) -> Option<&T> {
        let leads =
            |prefix: &[u8]| path.strip_prefix(prefix).is_some_and(|rest| matches!(rest, [] | [b'/', ..]));
        self.0.iter().find(|(prefix, _)| leads(prefix)).map(|(_, place)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes<'a>(routes: impl IntoIterator<Item = (&'a str, u32)>) -> Prefixes<u32> {
        let mut prefixes = Prefixes::default();
        for (path, place) in routes {
            prefixes.add(path.as_bytes(), place).unwrap();
        }
        prefixes
    }

    #[test]
    fn the_longest_whole_segments_count() {
        let routes = [("/api", 1), ("/api/v1/", 2), ("/b%20c", 3), ("/d", 4), ("/d/", 5)];
        let routes = prefixes(routes);
        for (path, wanted) in [
            ("/api", Some(1)),
            ("/api/", Some(1)),
            ("/apifoo", None),
            ("/api/v1", Some(2)),
            ("/api/v1/x", Some(2)),
            ("/api/v12", Some(1)),
            ("/b c/x", Some(3)),
            ("/d/e", Some(5)),
            ("/", None),
        ] {
            let path = canonical(path.as_bytes()).unwrap();
            assert_eq!(routes.find(&path).copied(), wanted);
        }
    }

    #[test]
    fn the_root_takes_everything() {
        let mut routes = prefixes([("/", 1), ("/a", 2)]);
        assert_eq!(
            [&b"/"[..], b"/a/b", b"//", b"/b"].map(|path| routes.find(path).copied()),
            [Some(1), Some(2), Some(1), Some(1)]
        );
        assert_eq!(routes.add(b"/../a", 3), Err(BadPath::DotSegment));
    }
}
