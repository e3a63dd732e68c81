//! Eight walks in step, from roots to leaves.
//!
//! What walks read is not asked whether it is there: that would double their time. Nodes are private to this folder, and come
//! from [`Layout`](super::builder::Layout), which places both children of a split inside its tree, makes a leaf its own child, and
//! lets no node name a value outside the rows of its ensemble; or from an [`image`](super::image), where all of that is checked
//! once, and which nobody may change afterwards.

#![expect(unsafe_code, reason = "walks read unchecked what the builder has checked")]

use super::node::{Node, ROOT};
use super::ranks::{Entries, Ranks};

/// Walks in step: enough to hide the wait for memory, few enough to stay in registers.
pub(super) const LANES: usize = 8;
/// Steps from one look at whether all walks have ended to the next.
const STRIDE: usize = 3;

/// Where eight trees, named by their first nodes, end for one row of `width` values, two entries each: see [`Node::entry`].
///
/// # Panics
/// When a tree lies outside, or there are not as many entries.
pub(super) fn trees_of_row(
    nodes: &[Node],
    trees: &[u32; LANES],
    entries: &[f32],
    width: usize,
) -> [f32; LANES] {
    assert!(trees.iter().all(|first| (*first as usize) < nodes.len()));
    assert_eq!(entries.len(), 2 * (width + 1));
    let at = walk(|lane, at| {
        // SAFETY: children lie inside their tree, behind its first node, and entries inside its ensemble's rows.
        unsafe {
            let node = nodes.get_unchecked(trees[lane] as usize + at);
            node.left() + usize::from(*entries.get_unchecked(node.entry()) > node.value)
        }
    });
    std::array::from_fn(|lane| nodes[trees[lane] as usize + at[lane]].value)
}

/// Where a tree ends for eight rows of `width` values, each behind a missing one, which is the leaves'.
///
/// # Panics
/// When there are fewer rows.
pub(super) fn tree_of_rows(tree: &[Node], rows: &[f32], width: usize) -> [f32; LANES] {
    assert_eq!(rows.len(), LANES * (width + 1));
    let at = walk(|lane, at| {
        // SAFETY: children lie inside their tree, and columns inside its ensemble's rows.
        unsafe {
            let node = tree.get_unchecked(at);
            node.next(*rows.get_unchecked(lane * (width + 1) + node.column()))
        }
    });
    at.map(|at| tree[at].value)
}

/// Adds up how much each column of eight rows, laid out as for [`tree_of_rows`], moves the mean of the leaves below on the way to
/// where a tree ends. `means` has one for each node, `moves` one for each column of each row.
///
/// # Panics
/// When there are fewer rows, means or moves.
pub(super) fn paths_of_rows(tree: &[Node], means: &[f32], rows: &[f32], width: usize, moves: &mut [f64]) {
    assert_eq!((rows.len(), moves.len()), (LANES * (width + 1), LANES * (width + 1)));
    assert_eq!(tree.len(), means.len());
    walk(|lane, at| {
        // SAFETY: children lie inside their tree, and columns inside its ensemble's rows.
        unsafe {
            let node = tree.get_unchecked(at);
            let column = lane * (width + 1) + node.column();
            let next = node.next(*rows.get_unchecked(column));
            let moved = f64::from(*means.get_unchecked(next)) - f64::from(*means.get_unchecked(at));
            *moves.get_unchecked_mut(column) += moved;
            next
        }
    });
}

/// Where a tree ends for eight rows, compared by rank.
///
/// # Panics
/// When there are not as many ranks as nodes, or entries as rows of `width` values have.
pub(super) fn tree_of_ranks(tree: &[Node], ranks: &[u8], group: &Entries, width: usize) -> [f32; LANES] {
    assert_eq!((tree.len(), group.len()), (ranks.len(), Ranks::entries(width)));
    let at = walk(|lane, at| {
        // SAFETY: children lie inside their tree, and entries inside its ensemble's rows.
        unsafe {
            let node = tree.get_unchecked(at);
            node.left() + usize::from(group.get_unchecked(node.entry())[lane] > *ranks.get_unchecked(at))
        }
    });
    at.map(|at| tree[at].value)
}

/// Takes `next(lane, node)` from the roots on until all walks stay where they are.
#[inline(always)]
fn walk(mut next: impl FnMut(usize, usize) -> usize) -> [usize; LANES] {
    let mut at = [ROOT; LANES];
    loop {
        for _ in 1..STRIDE {
            for (lane, at) in at.iter_mut().enumerate() {
                *at = next(lane, *at);
            }
        }
        let mut moved = 0;
        for (lane, at) in at.iter_mut().enumerate() {
            let before = std::mem::replace(at, next(lane, *at));
            moved |= before ^ *at;
        }
        if moved == 0 {
            return at;
        }
    }
}
