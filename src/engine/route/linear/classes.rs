//! The code units that an expression cannot tell apart.

use super::expression::Ranges;

/// Which class each code unit belongs to.
#[derive(Debug)]
pub(super) struct Classes {
    ascii: [u8; 128],
    /// Where a run of units of one class begins, and its class; ascending from 0.
    runs: Vec<(u16, u8)>,
    pub(super) count: usize,
}

impl Classes {
    /// Gives nothing if there are too many. The second: for every class, whether each of `sets` has its units.
    pub(super) fn new(sets: &[Ranges]) -> Option<(Self, Vec<Vec<bool>>)> {
        let mut cuts = vec![0];
        for &(first, last) in sets.iter().flatten() {
            cuts.push(first);
            cuts.extend(last.checked_add(1));
        }
        cuts.sort_unstable();
        cuts.dedup();
        let mut members: Vec<Vec<bool>> = Vec::new();
        let mut runs = Vec::with_capacity(cuts.len());
        for unit in cuts {
            let of: Vec<bool> = sets
                .iter()
                .map(|set| set.iter().any(|&(first, last)| first <= unit && unit <= last))
                .collect();
            let class = members.iter().position(|known| *known == of).unwrap_or_else(|| {
                members.push(of);
                members.len() - 1
            });
            runs.push((unit, u8::try_from(class).ok()?));
        }
        let mut classes = Self { ascii: [0; 128], runs, count: members.len() };
        for unit in 0..128 {
            classes.ascii[usize::from(unit)] = classes.find(unit);
        }
        Some((classes, members))
    }

    pub(super) fn of(&self, unit: u16) -> usize {
        usize::from(match self.ascii.get(usize::from(unit)) {
            Some(&class) => class,
            None => self.find(unit),
        })
    }

    fn find(&self, unit: u16) -> u8 {
        let behind = self.runs.partition_point(|&(first, _)| first <= unit);
        self.runs[behind - 1].1
    }
}
