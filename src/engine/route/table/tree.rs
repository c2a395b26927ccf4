//! A radix tree over bytes whose copies share what is the same in both: a change copies the nodes on its way down, readers keep the old root.

use std::sync::Arc;

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
    root: Arc<Node<T>>,
    length: usize,
}

#[derive(Clone, Debug)]
struct Node<T> {
    /// What leads here from the node above.
    label: Box<[u8]>,
    /// By [`Extent`].
    values: [Option<T>; 3],
    /// The first bytes of the children's labels, in order.
    firsts: Vec<u8>,
    children: Vec<Arc<Self>>,
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
        Self { root: Arc::new(Node::new(&[])), length: 0 }
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
        node.values[extent as usize].as_ref()
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
            let [exact, segments, text] = &node.values;
            let is_end = rest.is_empty();
            let matching = [
                text.as_ref(),
                segments.as_ref().filter(|_| is_end || rest[0] == b'/'),
                exact.as_ref().filter(|_| is_end),
            ];
            let length = key.len() - rest.len();
            matching.into_iter().flatten().for_each(|value| see(Match { length, value }));
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
        let before = Node::insert(&mut self.root, key, extent, value);
        self.length += usize::from(before.is_none());
        before
    }

    /// Takes an entry out. The value that it had.
    pub fn remove(&mut self, key: &[u8], extent: Extent) -> Option<T> {
        // Looked up first: what is not there copies nothing.
        self.get(key, extent)?;
        let before = Node::remove(&mut self.root, key, extent);
        self.length -= usize::from(before.is_some());
        before
    }
}

impl<T> Node<T> {
    fn new(label: &[u8]) -> Self {
        Self { label: label.into(), values: [None, None, None], firsts: Vec::new(), children: Vec::new() }
    }

    /// The child whose whole label `rest` begins with, and what is behind it.
    fn step<'k>(&self, rest: &'k [u8]) -> Option<(&Arc<Self>, &'k [u8])> {
        let at = self.child(*rest.first()?)?;
        let child = &self.children[at];
        rest.strip_prefix(&*child.label).map(|rest| (child, rest))
    }

    fn child(&self, first: u8) -> Option<usize> {
        memchr::memchr(first, &self.firsts)
    }

    fn is_idle(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }
}

impl<T: Clone> Node<T> {
    fn insert(this: &mut Arc<Self>, key: &[u8], extent: Extent, value: T) -> Option<T> {
        let node = Arc::make_mut(this);
        let Some(&first) = key.first() else { return node.values[extent as usize].replace(value) };
        let Some(at) = node.child(first) else {
            let mut leaf = Self::new(key);
            leaf.values[extent as usize] = Some(value);
            let at = node.firsts.partition_point(|other| *other < first);
            node.firsts.insert(at, first);
            node.children.insert(at, Arc::new(leaf));
            return None;
        };
        let child = &mut node.children[at];
        let shared = child.label.iter().zip(key).take_while(|(a, b)| a == b).count();
        if shared < child.label.len() {
            Self::split(child, shared);
        }
        Self::insert(child, &key[shared..], extent, value)
    }

    /// Puts a node in front of this one, to which the first `length` bytes of the label lead.
    fn split(this: &mut Arc<Self>, length: usize) {
        let mut front = Self::new(&this.label[..length]);
        let back = Arc::make_mut(this);
        back.label = back.label[length..].into();
        front.firsts.push(back.label[0]);
        let back = std::mem::replace(this, Arc::new(front));
        // It is ours alone: it was made just now.
        Arc::make_mut(this).children.push(back);
    }

    fn remove(this: &mut Arc<Self>, key: &[u8], extent: Extent) -> Option<T> {
        let node = Arc::make_mut(this);
        let Some(&first) = key.first() else { return node.values[extent as usize].take() };
        let at = node.child(first)?;
        let child = &mut node.children[at];
        let rest = key.strip_prefix(&*child.label)?;
        let removed = Self::remove(child, rest, extent);
        if child.is_idle() {
            match child.children.as_slice() {
                [] => {
                    node.firsts.remove(at);
                    node.children.remove(at);
                }
                [only] => {
                    let mut joined = Self::clone(only);
                    joined.label = [&*child.label, &*only.label].concat().into();
                    *child = Arc::new(joined);
                }
                _ => {}
            }
        }
        removed
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
    fn what_is_taken_out_leaves_no_nodes() {
        let mut tree = tree(&[("/a", Text, 1), ("/ab", Text, 2), ("/ac", Text, 3)]);
        for key in ["/ab", "/ac", "/a"] {
            assert!(tree.remove(key.as_bytes(), Text).is_some());
        }
        assert!(tree.is_empty() && tree.root.children.is_empty());
    }
}
