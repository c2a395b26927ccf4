//! A node of a tree, laid out for looking up: small, and beside its siblings, since a look-up among many routes is a matter of how much memory it
//! touches.

use super::Extent;
use std::sync::Arc;

/// Copies share what is below them.
#[derive(Clone, Debug)]
pub(super) struct Node<T> {
    label: Label,
    /// Whether there are any: most nodes have none, and are passed by.
    has_values: bool,
    /// By [`Extent`].
    values: [Option<T>; 3],
    below: Option<Arc<Branches<T>>>,
}

impl<T> Node<T> {
    pub(super) const fn root() -> Self {
        Self::new(Label::EMPTY)
    }

    const fn new(label: Label) -> Self {
        Self { label, has_values: false, values: [None, None, None], below: None }
    }

    /// A node of this value, below as many others as the label takes.
    fn leaf(label: &[u8], extent: Extent, value: T) -> Self {
        let (own, rest) = label.split_at(label.len().min(Label::MOST));
        let mut node = Self::new(Label::of(own));
        if rest.is_empty() {
            node.set(extent, Some(value));
        } else {
            node.below = Some(Arc::new(Branches::one(Self::leaf(rest, extent, value))));
        }
        node
    }

    pub(super) fn value(&self, extent: Extent) -> Option<&T> {
        self.values[extent as usize].as_ref()
    }

    /// By [`Extent`], if there are any.
    pub(super) fn values(&self) -> Option<&[Option<T>; 3]> {
        self.has_values.then_some(&self.values)
    }

    fn set(&mut self, extent: Extent, value: Option<T>) -> Option<T> {
        let before = std::mem::replace(&mut self.values[extent as usize], value);
        self.has_values = self.values.iter().any(Option::is_some);
        before
    }

    /// The node that `rest` leads to, and what is behind its label.
    pub(super) fn step<'k>(&self, rest: &'k [u8]) -> Option<(&Self, &'k [u8])> {
        let next = self.below.as_ref()?.get(*rest.first()?)?;
        let label = next.label.bytes();
        // The first byte is what it was found by, and many have no other.
        let is_here = label.len() == 1 || rest.starts_with(label);
        is_here.then(|| (next, &rest[label.len()..]))
    }

    pub(super) fn children(&self) -> &[Self] {
        self.below.as_ref().map_or(&[], |below| &below.nodes)
    }
}

impl<T: Clone> Node<T> {
    pub(super) fn insert(&mut self, key: &[u8], extent: Extent, value: T) -> Option<T> {
        let Some(&first) = key.first() else { return self.set(extent, Some(value)) };
        let Some(child) = self.child(first) else {
            let leaf = Self::leaf(key, extent, value);
            self.below = Some(Arc::new(match &self.below {
                Some(below) => below.with(leaf),
                None => Branches::one(leaf),
            }));
            return None;
        };
        let label = child.label.bytes();
        let shared = label.iter().zip(key).take_while(|(a, b)| a == b).count();
        if shared < label.len() {
            child.split(shared);
        }
        child.insert(&key[shared..], extent, value)
    }

    pub(super) fn remove(&mut self, key: &[u8], extent: Extent) -> Option<T> {
        let Some(&first) = key.first() else { return self.set(extent, None) };
        let child = self.child(first)?;
        let rest = key.strip_prefix(child.label.bytes())?;
        let removed = child.remove(rest, extent);
        if !child.has_values {
            match child.children() {
                [] => self.below = self.below.as_ref().and_then(|below| below.without(first)).map(Arc::new),
                [only] => {
                    if let Some(label) = child.label.and(only.label) {
                        *child = Self { label, ..only.clone() };
                    }
                }
                _ => {}
            }
        }
        removed
    }

    /// The child that begins with this byte, ours alone from now on.
    fn child(&mut self, first: u8) -> Option<&mut Self> {
        let at = self.below.as_ref()?.find(first)?;
        Arc::make_mut(self.below.as_mut()?).nodes.get_mut(at)
    }

    /// Puts a node in front of this one, to which the first `length` bytes of the label lead.
    fn split(&mut self, length: usize) {
        let (front, back) = self.label.bytes().split_at(length);
        let (front, label) = (Self::new(Label::of(front)), Label::of(back));
        let back = Self { label, ..std::mem::replace(self, front) };
        self.below = Some(Arc::new(Branches::one(back)));
    }
}

/// What leads to a node from the one above; more than it holds takes several nodes.
#[derive(Clone, Copy, Debug)]
struct Label {
    length: u8,
    bytes: [u8; Self::MOST],
}

impl Label {
    /// With its length, and what is said beside it, two words.
    const MOST: usize = 14;
    const EMPTY: Self = Self { length: 0, bytes: [0; Self::MOST] };

    /// `bytes` are not more than it holds.
    fn of(bytes: &[u8]) -> Self {
        let mut label = Self::EMPTY;
        label.bytes[..bytes.len()].copy_from_slice(bytes);
        label.length = bytes.len().to_le_bytes()[0];
        label
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length).min(Self::MOST)]
    }

    /// Both, one after the other, if it holds them.
    fn and(self, other: Self) -> Option<Self> {
        let both = [self.bytes(), other.bytes()].concat();
        (both.len() <= Self::MOST).then(|| Self::of(&both))
    }
}

/// The nodes below one, in the order of the bytes that they begin with.
#[derive(Clone, Debug)]
struct Branches<T> {
    /// Which bytes these are: the rank of one is the number of its node.
    firsts: [u64; 4],
    nodes: Box<[Node<T>]>,
}

impl<T> Branches<T> {
    fn one(node: Node<T>) -> Self {
        Self::of([node].into())
    }

    fn of(nodes: Box<[Node<T>]>) -> Self {
        let mut firsts = [0; 4];
        for node in &nodes {
            let first = node.label.bytes[0];
            firsts[usize::from(first >> 6)] |= 1 << (first & 63);
        }
        Self { firsts, nodes }
    }

    fn find(&self, first: u8) -> Option<usize> {
        let (word, bit) = (usize::from(first >> 6), 1_u64 << (first & 63));
        let rank = |word: u64| word.count_ones() as usize;
        let before = || self.firsts[..word].iter().copied().map(rank).sum::<usize>();
        (self.firsts[word] & bit != 0).then(|| before() + rank(self.firsts[word] & (bit - 1)))
    }

    fn get(&self, first: u8) -> Option<&Node<T>> {
        self.nodes.get(self.find(first)?)
    }
}

impl<T: Clone> Branches<T> {
    fn with(&self, node: Node<T>) -> Self {
        let first = node.label.bytes[0];
        let at = self.nodes.partition_point(|other| other.label.bytes[0] < first);
        let (before, after) = self.nodes.split_at(at);
        Self::of(before.iter().cloned().chain([node]).chain(after.iter().cloned()).collect())
    }

    fn without(&self, first: u8) -> Option<Self> {
        let others = self.nodes.iter().filter(|node| node.label.bytes[0] != first);
        let others: Box<[_]> = others.cloned().collect();
        (!others.is_empty()).then(|| Self::of(others))
    }
}
