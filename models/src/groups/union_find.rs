//! Connected components, one link after another.

/// Disjoint sets of the numbers below a bound, with path halving (Tarjan & van Leeuwen, JACM 1984). The smaller number
/// always becomes the root, so that a set's root does not depend on the order of its links.
pub(super) struct UnionFind {
    parents: Vec<u32>,
}

impl UnionFind {
    pub(super) fn new(len: usize) -> Self {
        Self { parents: (0..len as u32).collect() }
    }

    /// The smallest number of the set.
    pub(super) fn root(&mut self, mut of: u32) -> u32 {
        while self.parents[of as usize] != of {
            let grandparent = self.parents[self.parents[of as usize] as usize];
            self.parents[of as usize] = grandparent;
            of = grandparent;
        }
        of
    }

    pub(super) fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_the_smallest_number_whatever_the_order() {
        for links in [[(1, 4), (4, 2), (5, 3)], [(5, 3), (2, 4), (1, 2)]] {
            let mut sets = UnionFind::new(6);
            links.iter().for_each(|(a, b)| sets.unite(*a, *b));
            let roots: Vec<u32> = (0..6).map(|of| sets.root(of)).collect();
            assert_eq!(roots, [0, 1, 1, 3, 1, 3]);
        }
    }

    #[test]
    fn a_long_chain_is_one_set() {
        let mut sets = UnionFind::new(100_000);
        (1..100_000).rev().for_each(|of| sets.unite(of, of - 1));
        assert_eq!(sets.root(99_999), 0);
    }
}
