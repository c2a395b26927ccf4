//! Runs a program, by a table of its states if there are not too many.

use super::classes::Classes;
use super::expression::{self, Node};
use super::program::{Live, Place, Program};
use std::collections::HashMap;

/// An anchored regular expression. It can be asked from any thread.
#[derive(Debug)]
pub(in super::super) struct Automaton {
    program: Program,
    classes: Classes,
    /// For every class, whether each of the program's sets has its units.
    members: Vec<Vec<bool>>,
    table: Option<Table>,
}

/// What follows from a state, a place's live instructions, and the unit in front of it.
#[derive(Debug)]
struct Table {
    /// By state and class: the state before that unit; the first one is that at the end of a text.
    before: Vec<u32>,
    /// By state and class: whether the expression matches if the text begins with that unit.
    matches: Vec<bool>,
}

/// Of a table: a few hundred kilobytes at most.
const MAX_ENTRIES: usize = 1 << 16;
/// For building a table: some milliseconds.
const MAX_WORK: usize = 1 << 22;

impl Automaton {
    /// Gives nothing if it takes another engine.
    pub(in super::super) fn new(source: &[u16]) -> Option<Self> {
        let expression = expression::parse(source)?;
        if !is_anchored(&expression) {
            return None;
        }
        let program = Program::new(&expression)?;
        let (classes, members) = Classes::new(&program.sets)?;
        let table = Table::new(&program, &members);
        Some(Self { program, classes, members, table })
    }

    /// Whether it matches a text that has at least one code unit.
    pub(in super::super) fn is_match(&self, text: impl DoubleEndedIterator<Item = u16>) -> bool {
        let mut classes = text.rev().map(|unit| self.classes.of(unit));
        let Some(last) = classes.next() else { return false };
        match &self.table {
            Some(table) => table.run(last, classes, self.classes.count),
            None => self.step(last, classes),
        }
    }

    /// As [`Table::run`], without a table.
    fn step(&self, last: usize, classes: impl Iterator<Item = usize>) -> bool {
        let (mut behind, mut class) = (at_end(&self.program), last);
        for next in classes {
            behind = before(&self.program, &self.members[class], &behind, false);
            class = next;
        }
        before(&self.program, &self.members[class], &behind, true).is_match()
    }

    #[cfg(test)]
    pub(super) fn has_table(&self) -> bool {
        self.table.is_some()
    }

    #[cfg(test)]
    pub(super) fn without_table(mut self) -> Self {
        self.table = None;
        self
    }
}

impl Table {
    /// Gives nothing if there are too many states.
    fn new(program: &Program, members: &[Vec<bool>]) -> Option<Self> {
        let mut states = vec![at_end(program)];
        let mut numbers = HashMap::from([(states[0].clone(), 0)]);
        let mut table = Self { before: Vec::new(), matches: Vec::new() };
        let mut state = 0;
        while state < states.len() {
            let entries = (state + 1) * members.len();
            if entries > MAX_ENTRIES || entries * program.len() > MAX_WORK {
                return None;
            }
            for class in members {
                table.matches.push(before(program, class, &states[state], true).is_match());
                let live = before(program, class, &states[state], false);
                let next = u32::try_from(states.len()).ok()?;
                let number = *numbers.entry(live).or_insert_with_key(|live| {
                    states.push(live.clone());
                    next
                });
                table.before.push(number);
            }
            state += 1;
        }
        Some(table)
    }

    /// Backwards from the last unit's class.
    fn run(&self, last: usize, classes: impl Iterator<Item = usize>, count: usize) -> bool {
        let mut entry = last;
        for class in classes {
            entry = self.before[entry] as usize * count + class;
        }
        self.matches[entry]
    }
}

fn at_end(program: &Program) -> Live {
    program.live(&Place { is_start: false, unit: None })
}

fn before(program: &Program, class: &[bool], behind: &Live, is_start: bool) -> Live {
    program.live(&Place { is_start, unit: Some((class, behind)) })
}

/// Whether it can match at the beginning of a text only.
fn is_anchored(expression: &Node) -> bool {
    match expression {
        Node::Start => true,
        Node::Sequence(nodes) => nodes.first().is_some_and(is_anchored),
        _ => false,
    }
}
