//! An expression as instructions, and which of them lead to a match from one place of a text.

use super::expression::{Node, Ranges};

#[derive(Debug, Default)]
pub(super) struct Program {
    steps: Vec<Step>,
    /// Where each lookahead's instructions begin, behind those of the expression itself and those of lookaheads around it.
    parts: Vec<usize>,
    pub(super) sets: Vec<Ranges>,
}

/// What stands behind it follows, unless it says otherwise.
#[derive(Debug, Clone, Copy)]
enum Step {
    Start,
    End,
    /// A code unit of a set.
    Unit(usize),
    Either(usize, usize),
    Jump(usize),
    Lookahead {
        part: usize,
        negated: bool,
    },
    Found,
}

/// For each instruction, whether a match can be found from it on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Live(Box<[bool]>);

/// What is known of a place in the text.
pub(super) struct Place<'a> {
    pub(super) is_start: bool,
    /// The sets that have the unit at this place, and what is live behind it; nothing at the end.
    pub(super) unit: Option<(&'a [bool], &'a Live)>,
}

impl Program {
    /// Gives nothing if it would be too long.
    pub(super) fn new(expression: &Node) -> Option<Self> {
        let mut program = Self { parts: vec![0], ..Self::default() };
        let mut lookaheads = Vec::new();
        program.write(expression, &mut lookaheads)?;
        program.steps.push(Step::Found);
        let mut written = 0;
        while let Some(&(at, node, negated)) = lookaheads.get(written) {
            written += 1;
            program.parts.push(program.steps.len());
            program.steps[at] = Step::Lookahead { part: program.parts.len() - 1, negated };
            program.write(node, &mut lookaheads)?;
            program.steps.push(Step::Found);
        }
        Some(program)
    }

    fn write<'a>(&mut self, node: &'a Node, lookaheads: &mut Vec<(usize, &'a Node, bool)>) -> Option<()> {
        let at = self.steps.len();
        if at > MAX_STEPS {
            return None;
        }
        match node {
            Node::Start => self.steps.push(Step::Start),
            Node::End => self.steps.push(Step::End),
            Node::Unit(ranges) => {
                let set = self.sets.iter().position(|set| set == ranges).unwrap_or_else(|| {
                    self.sets.push(ranges.clone());
                    self.sets.len() - 1
                });
                self.steps.push(Step::Unit(set));
            }
            Node::Sequence(nodes) => nodes.iter().try_for_each(|node| self.write(node, lookaheads))?,
            Node::Either(branches) => {
                let mut ends = Vec::new();
                for (index, branch) in branches.iter().enumerate() {
                    let fork = self.steps.len();
                    if index + 1 < branches.len() {
                        self.steps.push(Step::Jump(0));
                    }
                    self.write(branch, lookaheads)?;
                    if index + 1 < branches.len() {
                        ends.push(self.steps.len());
                        self.steps.push(Step::Jump(0));
                        self.steps[fork] = Step::Either(fork + 1, self.steps.len());
                    }
                }
                for end in ends {
                    self.steps[end] = Step::Jump(self.steps.len());
                }
            }
            Node::Repeat { node, optional, again } => {
                if *optional {
                    self.steps.push(Step::Jump(0));
                }
                let body = self.steps.len();
                self.write(node, lookaheads)?;
                if *again {
                    let behind = self.steps.len() + 1;
                    self.steps.push(Step::Either(body, behind));
                }
                if *optional {
                    self.steps[at] = Step::Either(body, self.steps.len());
                }
            }
            Node::Lookahead { node, negated } => {
                lookaheads.push((at, node, *negated));
                self.steps.push(Step::Jump(0));
            }
        }
        Some(())
    }

    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Which instructions are live at a place. A part only depends on those behind it.
    pub(super) fn live(&self, place: &Place<'_>) -> Live {
        let mut live = Live(vec![false; self.steps.len()].into());
        let mut end = self.steps.len();
        for &begin in self.parts.iter().rev() {
            // What jumps back depends on what stands before it.
            while self.pass(begin..end, place, &mut live.0) {}
            end = begin;
        }
        live
    }

    /// Gives whether anything came to life.
    fn pass(&self, part: std::ops::Range<usize>, place: &Place<'_>, live: &mut [bool]) -> bool {
        let mut changed = false;
        for at in part.rev() {
            if live[at] {
                continue;
            }
            live[at] = match self.steps[at] {
                Step::Start => place.is_start && live[at + 1],
                Step::End => place.unit.is_none() && live[at + 1],
                Step::Unit(set) => place.unit.is_some_and(|(sets, behind)| sets[set] && behind.0[at + 1]),
                Step::Either(one, other) => live[one] || live[other],
                Step::Jump(to) => live[to],
                Step::Lookahead { part, negated } => live[self.parts[part]] != negated && live[at + 1],
                Step::Found => true,
            };
            changed |= live[at];
        }
        changed
    }
}

impl Live {
    /// Whether the expression matches from here on.
    pub(super) fn is_match(&self) -> bool {
        self.0[0]
    }
}

const MAX_STEPS: usize = 4096;
