//! Sums of derivatives by column and bin.

use super::super::bins::Binned;
use super::gradients::Pair;
use crate::parallel::for_each_slot;

/// Columns that are counted together: their bins make one word.
const GROUP: usize = 8;
/// Rows from which on threads pay.
const MANY: usize = 1 << 13;

/// The bins of eight columns a word, group by group.
pub(super) struct Words(Vec<Vec<u64>>);

impl Words {
    pub fn new(binned: &Binned, threads: usize) -> Self {
        let mut groups = vec![Vec::new(); binned.width().div_ceil(GROUP)];
        for_each_slot(&mut vec![(); threads], &mut groups, |group, (), words| {
            *words = vec![0; binned.rows()];
            for place in 0..GROUP.min(binned.width() - group * GROUP) {
                for (word, bin) in words.iter_mut().zip(binned.column(group * GROUP + place)) {
                    *word |= u64::from(*bin) << (8 * place);
                }
            }
        });
        Self(groups)
    }
}

/// 256 sums for each of a group's columns.
type Cells = [Pair; 256 * GROUP];

/// The sums of one node.
pub(super) struct Histogram(Vec<Box<Cells>>);

impl Histogram {
    pub fn new(words: &Words) -> Self {
        Self(words.0.iter().map(|_| Box::new([Pair::default(); 256 * GROUP])).collect())
    }

    /// A column's sums by bin.
    pub fn column(&self, feature: usize) -> &[Pair] {
        let place = feature % GROUP;
        &self.0[feature / GROUP][256 * place..256 * (place + 1)]
    }

    /// Sums up all rows.
    pub fn fill(&mut self, words: &Words, pairs: &[Pair], threads: usize) {
        for_each_slot(&mut vec![(); threads], &mut self.0, |group, (), cells| {
            cells.fill(Pair::default());
            words.0[group].iter().zip(pairs).for_each(|(word, pair)| add(cells, *word, *pair));
        });
    }

    /// Sums up some rows, of which `pairs` are the derivatives.
    pub fn fill_from(&mut self, words: &Words, rows: &[u32], pairs: &[Pair], threads: usize) {
        let threads = if rows.len() < MANY { 1 } else { threads };
        for_each_slot(&mut vec![(); threads], &mut self.0, |group, (), cells| {
            cells.fill(Pair::default());
            let words = &words.0[group][..];
            rows.iter().zip(pairs).for_each(|(row, pair)| add(cells, words[*row as usize], *pair));
        });
    }

    /// Takes away the sums of some of the rows.
    pub fn subtract(&mut self, part: &Self) {
        for (cells, part) in self.0.iter_mut().zip(&part.0) {
            cells.iter_mut().zip(part.iter()).for_each(|(cell, part)| *cell = *cell - *part);
        }
    }
}

/// Adds a row to the sums of eight columns. Places that no column has count in bin 0, which nobody reads.
fn add(cells: &mut Cells, word: u64, pair: Pair) {
    for place in 0..GROUP {
        let cell = &mut cells[256 * place + (word >> (8 * place) & 255) as usize];
        *cell = *cell + pair;
    }
}
