//! Work that any thread may take next, while somebody watches.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::zoo::Session;

/// Makes `count` things, `make(index, workspace)` each, on the session's threads; a workspace belongs to one thread. Where a
/// thing is made must not matter to it. `None` when the session was cancelled, which is asked after each thing that the
/// calling thread made.
pub(super) fn make_all<Workspace, Thing: Send>(
    count: usize,
    session: &mut Session<'_>,
    workspace: impl Fn() -> Workspace + Sync,
    make: impl Fn(usize, &mut Workspace) -> Thing + Sync,
) -> Option<Vec<Thing>> {
    let (next, done, cancelled) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let work = |watch: &mut dyn FnMut(usize) -> bool| {
        let mut workspace = workspace();
        let mut made = Vec::new();
        while !cancelled.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            made.push((index, make(index, &mut workspace)));
            if !watch(done.fetch_add(1, Ordering::Relaxed) + 1) {
                cancelled.store(true, Ordering::Relaxed);
            }
        }
        made
    };
    let mut made = std::thread::scope(|scope| {
        let others = session.threads.min(count).saturating_sub(1);
        let helpers: Vec<_> = (0..others).map(|_| scope.spawn(|| work(&mut |_| true))).collect();
        let mut made = work(&mut |done| (session.progress)(done as f64 / count as f64).is_continue());
        for helper in helpers {
            match helper.join() {
                Ok(more) => made.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        made
    });
    if cancelled.into_inner() {
        return None;
    }
    made.sort_unstable_by_key(|(index, _)| *index);
    Some(made.into_iter().map(|(_, thing)| thing).collect())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;

    #[test]
    fn all_is_made_in_order_on_any_number_of_threads() {
        for threads in [1, 2, 3, 20] {
            let mut shares = Vec::new();
            let mut progress = |share| {
                shares.push(share);
                ControlFlow::Continue(())
            };
            let mut session = Session { seed: 0, threads, progress: &mut progress };
            let made = make_all(10, &mut session, || (), |index, ()| index * index);
            assert_eq!(made, Some((0..10).map(|index| index * index).collect()));
            assert!(shares.is_sorted() && shares.iter().all(|share| (0.0..=1.0).contains(share)));
        }
    }

    #[test]
    fn who_watches_may_end_it() {
        let mut progress =
            |share| if share < 0.3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        let mut session = Session { seed: 0, threads: 1, progress: &mut progress };
        let made = AtomicUsize::new(0);
        let result = make_all(10, &mut session, || (), |_, ()| made.fetch_add(1, Ordering::Relaxed));
        assert_eq!((result, made.into_inner()), (None, 3));
    }
}
