//! Reads the source of a regular expression without flags, as far as it has nothing that needs another engine.

/// Code units in ascending, separate, inclusive ranges.
pub(super) type Ranges = Vec<(u16, u16)>;

#[derive(Debug)]
pub(super) enum Node {
    Start,
    End,
    Unit(Ranges),
    Sequence(Vec<Self>),
    Either(Vec<Self>),
    /// `?`, `*` and `+` by whether it may be left out and whether it may come again.
    Repeat {
        node: Box<Self>,
        optional: bool,
        again: bool,
    },
    Lookahead {
        node: Box<Self>,
        negated: bool,
    },
}

/// Gives nothing for backreferences, lookbehinds, word boundaries, named groups, counted quantifiers, and escapes that are rare or whose
/// meaning depends on other parts: all of them are for an engine that has everything. `source` must be valid.
pub(super) fn parse(source: &[u16]) -> Option<Node> {
    let mut parser = Parser { rest: source, depth: 0 };
    let node = parser.either()?;
    parser.rest.is_empty().then_some(node)
}

/// Groups in one another.
const MAX_DEPTH: usize = 100;
const LINE_TERMINATORS: [(u16, u16); 3] = [(0x0a, 0x0a), (0x0d, 0x0d), (0x2028, 0x2029)];
const DIGITS: [(u16, u16); 1] = [(0x30, 0x39)];
const WORD: [(u16, u16); 4] = [(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];
const SPACE: [(u16, u16); 10] = [
    (0x09, 0x0d),
    (0x20, 0x20),
    (0xa0, 0xa0),
    (0x1680, 0x1680),
    (0x2000, 0x200a),
    (0x2028, 0x2029),
    (0x202f, 0x202f),
    (0x205f, 0x205f),
    (0x3000, 0x3000),
    (0xfeff, 0xfeff),
];

struct Parser<'a> {
    rest: &'a [u16],
    depth: usize,
}

impl Parser<'_> {
    fn either(&mut self) -> Option<Node> {
        let mut branches = vec![self.sequence()?];
        while self.take(b'|') {
            branches.push(self.sequence()?);
        }
        Some(if branches.len() == 1 { branches.remove(0) } else { Node::Either(branches) })
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        while let Some(unit) = self.peek() {
            if unit == Some(b'|') || unit == Some(b')') {
                break;
            }
            nodes.push(self.term()?);
        }
        Some(Node::Sequence(nodes))
    }

    fn term(&mut self) -> Option<Node> {
        let unit = self.next()?;
        let node = match narrow(unit) {
            Some(b'^') => return self.unquantified(Node::Start),
            Some(b'$') => return self.unquantified(Node::End),
            Some(b'(') => match self.group()? {
                lookahead @ Node::Lookahead { .. } => return self.unquantified(lookahead),
                group => group,
            },
            Some(b'.') => Node::Unit(inverted(&LINE_TERMINATORS)),
            Some(b'[') => Node::Unit(self.class()?),
            Some(b'\\') => Node::Unit(self.escape()?),
            Some(b'*' | b'+' | b'?' | b'{') => return None,
            _ => Node::Unit(vec![(unit, unit)]),
        };
        let (optional, again) = match self.peek().flatten() {
            Some(b'*') => (true, true),
            Some(b'+') => (false, true),
            Some(b'?') => (true, false),
            Some(b'{') => return None,
            _ => return Some(node),
        };
        self.next();
        // Lazy or greedy is all the same.
        self.take(b'?');
        self.unquantified(Node::Repeat { node: Box::new(node), optional, again })
    }

    fn unquantified(&self, node: Node) -> Option<Node> {
        (!matches!(self.peek(), Some(Some(b'*' | b'+' | b'?' | b'{')))).then_some(node)
    }

    /// Behind its opening parenthesis.
    fn group(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut negated = None;
        if self.take(b'?') {
            match narrow(self.next()?)? {
                b':' => {}
                b'=' => negated = Some(false),
                b'!' => negated = Some(true),
                _ => return None,
            }
        }
        let node = self.either()?;
        if !self.take(b')') {
            return None;
        }
        self.depth -= 1;
        Some(match negated {
            Some(negated) => Node::Lookahead { node: Box::new(node), negated },
            // That it is not a lookahead must stay visible.
            None => Node::Sequence(vec![node]),
        })
    }

    /// Behind its opening bracket.
    fn class(&mut self) -> Option<Ranges> {
        let negated = self.take(b'^');
        let mut ranges = Ranges::new();
        while !self.take(b']') {
            let first = self.class_atom()?;
            if self.rest.len() > 1 && narrow(self.rest[0]) == Some(b'-') && narrow(self.rest[1]) != Some(b']')
            {
                self.next();
                let last = self.class_atom()?;
                // A set on one side makes the hyphen a hyphen; that is rare.
                ranges.push((single(&first)?, single(&last)?));
            } else {
                ranges.extend(first);
            }
        }
        let ranges = sorted(ranges);
        Some(if negated { inverted(&ranges) } else { ranges })
    }

    fn class_atom(&mut self) -> Option<Ranges> {
        let unit = self.next()?;
        if narrow(unit) != Some(b'\\') {
            return Some(vec![(unit, unit)]);
        }
        if self.take(b'b') {
            return Some(vec![(0x08, 0x08)]);
        }
        self.escape()
    }

    /// Behind its backslash.
    fn escape(&mut self) -> Option<Ranges> {
        let unit = self.next()?;
        let unit = match narrow(unit) {
            Some(b'd') => return Some(DIGITS.to_vec()),
            Some(b'D') => return Some(inverted(&DIGITS)),
            Some(b'w') => return Some(WORD.to_vec()),
            Some(b'W') => return Some(inverted(&WORD)),
            Some(b's') => return Some(SPACE.to_vec()),
            Some(b'S') => return Some(inverted(&SPACE)),
            Some(b't') => 0x09,
            Some(b'n') => 0x0a,
            Some(b'v') => 0x0b,
            Some(b'f') => 0x0c,
            Some(b'r') => 0x0d,
            Some(b'x') => self.hexadecimal(2)?,
            Some(b'u') => self.hexadecimal(4)?,
            Some(byte) if byte.is_ascii_alphanumeric() => return None,
            _ => unit,
        };
        Some(vec![(unit, unit)])
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u16> {
        let (number, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        number.iter().try_fold(0, |sum, &unit| {
            let digit = char::from(narrow(unit)?).to_digit(16)?;
            Some(sum << 4 | u16::try_from(digit).ok()?)
        })
    }

    fn next(&mut self) -> Option<u16> {
        let (&unit, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(unit)
    }

    /// Nothing at the end; a nothing in it for what is beyond ASCII.
    fn peek(&self) -> Option<Option<u8>> {
        self.rest.first().map(|&unit| narrow(unit))
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(Some(byte));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }
}

fn narrow(unit: u16) -> Option<u8> {
    u8::try_from(unit).ok().filter(u8::is_ascii)
}

fn single(ranges: &Ranges) -> Option<u16> {
    match ranges[..] {
        [(first, last)] if first == last => Some(first),
        _ => None,
    }
}

fn sorted(mut ranges: Ranges) -> Ranges {
    ranges.sort_unstable();
    let mut merged = Ranges::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// Of sorted ranges.
fn inverted(ranges: &[(u16, u16)]) -> Ranges {
    let mut others = Ranges::new();
    let mut from = Some(0);
    for &(first, last) in ranges {
        if let Some(from) = from.filter(|&from| from < first) {
            others.push((from, first - 1));
        }
        from = last.checked_add(1);
    }
    others.extend(from.map(|from| (from, u16::MAX)));
    others
}
