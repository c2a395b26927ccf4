//! A radix tree over bytes whose copies share what is the same in both: a change copies the nodes on its way down, readers keep the old root.

use super::node::Node;

/// How the key of an entry matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Extent {
    /// The whole of what is looked up.
    Exact,
    /// Its beginning, where a segment ends.
    Segments,
    /// Its beginning, wherever that ends.
    Text,
}

/// A tree from keys to values. Looking up costs what the key is long, however many entries there are.
#[derive(Clone, Debug)]
pub struct Tree<T> {
    root: Node<T>,
    length: usize,
}

/// An entry that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match<'a, T> {
    /// How long its key is.
    pub length: usize,
    /// Its value.
    pub value: &'a T,
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { root: Node::root(), length: 0 }
    }
}

impl<T> Tree<T> {
    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The value of an entry itself.
    pub fn get(&self, key: &[u8], extent: Extent) -> Option<&T> {
        let (mut node, mut rest) = (&self.root, key);
        while !rest.is_empty() {
            (node, rest) = node.step(rest)?;
        }
        node.value(extent)
    }

    /// The entry that matches `key` best: an exact one, else the longest.
    pub fn find(&self, key: &[u8]) -> Option<Match<'_, T>> {
        let mut found = None;
        self.visit(key, |entry| found = Some(entry));
        found
    }

    /// Shows the entries that match `key`, the best one last.
    pub fn visit<'a>(&'a self, key: &[u8], mut see: impl FnMut(Match<'a, T>)) {
        let (mut node, mut rest) = (&self.root, key);
        loop {
            if let Some([exact, segments, text]) = node.values() {
                let is_end = rest.is_empty();
                let matching = [
                    text.as_ref(),
                    segments.as_ref().filter(|_| is_end || rest[0] == b'/'),
                    exact.as_ref().filter(|_| is_end),
                ];
                let length = key.len() - rest.len();
                matching.into_iter().flatten().for_each(|value| see(Match { length, value }));
            }
            match node.step(rest) {
                Some(next) => (node, rest) = next,
                None => return,
            }
        }
    }
}

impl<T: Clone> Tree<T> {
    /// Adds an entry, or gives it another value. The value that it had.
    pub fn insert(&mut self, key: &[u8], extent: Extent, value: T) -> Option<T> {
        let before = self.root.insert(key, extent, value);
        self.length += usize::from(before.is_none());
        before
    }

    /// Takes an entry out. The value that it had.
    pub fn remove(&mut self, key: &[u8], extent: Extent) -> Option<T> {
        // Looked up first: what is not there copies nothing.
        self.get(key, extent)?;
        let before = self.root.remove(key, extent);
        self.length -= usize::from(before.is_some());
        before
    }
}

#[cfg(test)]
mod tests {
    use super::Extent::{Exact, Segments, Text};
    use super::*;

    fn tree(entries: &[(&str, Extent, u32)]) -> Tree<u32> {
        let mut tree = Tree::default();
        for (key, extent, value) in entries {
            tree.insert(key.as_bytes(), *extent, *value);
        }
        tree
    }

    #[test]
    fn an_exact_entry_then_the_longest_that_matches() {
        let tree = tree(&[
            ("", Segments, 1),
            ("/api", Segments, 2),
            ("/api", Exact, 3),
            ("/ap", Text, 4),
            ("/api/v1", Segments, 5),
            ("/api/v1/x", Exact, 6),
        ]);
        for (key, wanted) in [
            ("/", 1),
            ("/a", 1),
            ("/ap", 4),
            ("/apis", 4),
            ("/api", 3),
            ("/api/", 2),
            ("/api/v1", 5),
            ("/api/v12", 2),
            ("/api/v1/x", 6),
            ("/api/v1/x/", 5),
        ] {
            assert_eq!(tree.find(key.as_bytes()).map(|found| *found.value), Some(wanted), "{key}");
        }
        assert_eq!(tree.find(b"/api/v1/xy").map(|found| found.length), Some(7));
        assert_eq!(tree.find(b"x"), None);
        assert_eq!(tree.len(), 6);
    }

    #[test]
    fn a_copy_does_not_see_later_changes() {
        let mut tree = tree(&[("/a/b", Segments, 1), ("/a/c", Segments, 2)]);
        let before = tree.clone();
        assert_eq!(tree.insert(b"/a/b", Segments, 3), Some(1));
        tree.insert(b"/a", Segments, 4);
        assert_eq!(tree.remove(b"/a/c", Segments), Some(2));
        assert_eq!(tree.remove(b"/a/c", Segments), None);
        assert_eq!(tree.remove(b"/a/b", Exact), None);
        let found = |tree: &Tree<u32>, key: &str| tree.find(key.as_bytes()).map(|found| *found.value);
        assert_eq!(["/a", "/a/b", "/a/c"].map(|key| found(&before, key)), [None, Some(1), Some(2)]);
        assert_eq!(["/a", "/a/b", "/a/c"].map(|key| found(&tree, key)), [Some(4), Some(3), Some(4)]);
        assert_eq!((before.len(), tree.len()), (2, 2));
    }

    #[test]
    fn every_byte_may_lead_on() {
        let mut tree = Tree::default();
        let bytes = || (0..=255_u8).map(|byte| byte.wrapping_mul(167));
        for byte in bytes() {
            tree.insert(&[b'/', byte], Exact, u32::from(byte));
        }
        let found = |tree: &Tree<u32>, byte| tree.find(&[b'/', byte]).map(|found| *found.value);
        assert!(bytes().all(|byte| found(&tree, byte) == Some(byte.into())));
        for byte in bytes().filter(|byte| byte % 3 == 0) {
            assert_eq!(tree.remove(&[b'/', byte], Exact), Some(byte.into()));
        }
        assert!(bytes().all(|byte| found(&tree, byte).is_some() == (byte % 3 != 0)));
    }

    #[test]
    fn a_key_may_be_as_long_as_it_likes() {
        let long = "/abcdefghij".repeat(100);
        let mut tree = tree(&[(&long, Segments, 1), (&long[..500], Text, 2)]);
        let found =
            |tree: &Tree<u32>, key: &str| tree.find(key.as_bytes()).map(|found| (*found.value, found.length));
        assert_eq!(found(&tree, &format!("{long}/x")), Some((1, long.len())));
        assert_eq!(found(&tree, &format!("{long}x")), Some((2, 500)));
        assert_eq!(found(&tree, &long[..499]), None);
        assert_eq!(tree.remove(&long.as_bytes()[..500], Text), Some(2));
        assert_eq!(found(&tree, &long), Some((1, long.len())));
        assert_eq!(tree.remove(long.as_bytes(), Segments), Some(1));
        assert!(tree.root.children().is_empty());
    }

    #[test]
    fn what_is_taken_out_leaves_no_nodes() {
        let mut tree = tree(&[("/a", Text, 1), ("/ab", Text, 2), ("/ac", Text, 3)]);
        for key in ["/ab", "/ac", "/a"] {
            assert!(tree.remove(key.as_bytes(), Text).is_some());
        }
        assert!(tree.is_empty() && tree.root.children().is_empty());
    }
}
