//! Regular expressions of JavaScript in one pass over the text, however they and the text are made.
//!
//! What picomatch writes is anchored and full of lookaheads, and a backtracking engine can need time that grows with a power of the
//! path's length, which a client chooses. Read from its end to its beginning, a text never has to be read twice: what can match from
//! a place on depends on the character there and on what can match from the next place on, and so do lookaheads.
//!
//! Captures do not matter here, so a greedy quantifier is as good as a lazy one.

mod automaton;
mod classes;
mod expression;
mod program;
#[cfg(test)]
mod tests;

pub(super) use automaton::Automaton;
