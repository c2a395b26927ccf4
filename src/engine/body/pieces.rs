//! Pieces of a body that are written together.

use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::IoSlice;

/// Some pieces, one behind the other. Those that are written are let go of at once.
#[derive(Debug)]
pub(in crate::engine) struct Pieces {
    chunks: VecDeque<Bytes>,
    remaining: usize,
}

impl Pieces {
    /// These pieces, of so many bytes together; none of them is empty.
    pub(super) const fn new(chunks: VecDeque<Bytes>, remaining: usize) -> Self {
        Self { chunks, remaining }
    }

    /// How many they are.
    pub(in crate::engine) fn number(&self) -> usize {
        self.chunks.len()
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let piece = self.chunks.pop_front()?;
        self.remaining -= piece.len();
        Some(piece)
    }
}

impl Buf for Pieces {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.chunks.front().map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, into: &mut [IoSlice<'a>]) -> usize {
        let filled = into.iter_mut().zip(&self.chunks);
        filled.map(|(slice, piece)| *slice = IoSlice::new(piece)).count()
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.remaining, "advanced beyond the end");
        self.remaining -= count;
        while let Some(piece) = self.chunks.front_mut().filter(|_| count > 0) {
            if piece.len() > count {
                return piece.advance(count);
            }
            count -= piece.len();
            self.chunks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces() -> Pieces {
        let chunks: VecDeque<_> = ["ab", "cde", "f"].map(Bytes::from).into();
        Pieces::new(chunks, 6)
    }

    #[test]
    fn all_are_offered_for_one_write() {
        let mut pieces = pieces();
        let mut slices = [IoSlice::new(&[]); 4];
        assert_eq!(pieces.chunks_vectored(&mut slices), 3);
        assert_eq!(slices.map(|slice| slice.to_vec()).concat(), b"abcdef");
        assert_eq!(pieces.chunks_vectored(&mut [IoSlice::new(&[]); 2]), 2);
        assert_eq!(pieces.copy_to_bytes(6), "abcdef");
        assert_eq!((pieces.remaining(), pieces.chunk()), (0, &[][..]));
        assert_eq!(pieces.chunks_vectored(&mut [IoSlice::new(&[]); 2]), 0);
    }

    #[test]
    fn a_write_may_end_anywhere() {
        for written in 0..=6 {
            let mut pieces = pieces();
            pieces.advance(written);
            assert_eq!(pieces.remaining(), 6 - written);
            assert!(
                pieces.chunks.iter().all(|piece| !piece.is_empty()),
                "an empty piece would be taken for the end"
            );
            let rest: Vec<u8> = pieces.flatten().collect();
            assert_eq!(rest, b"abcdef"[written..]);
        }
    }

    #[test]
    fn what_is_written_is_let_go_of() {
        let (first, second) = (Bytes::from(vec![1; 10]), Bytes::from(vec![2; 10]));
        let mut pieces = Pieces::new([first.clone(), second.clone()].into(), 20);
        assert!(!first.is_unique());
        pieces.advance(10);
        assert!(first.is_unique() && !second.is_unique());
    }
}
