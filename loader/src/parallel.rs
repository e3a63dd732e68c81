//! The same work on many slots, spread over a fixed number of threads.

/// Calls `work(index, workspace, slot)` once for every slot. Each workspace belongs to one thread, the first to the
/// calling one. Where a slot's work runs must not matter to its result: that makes results independent of threads.
pub fn for_each_slot<Workspace: Send, Slot: Send>(
    workspaces: &mut [Workspace],
    slots: &mut [Slot],
    work: impl Fn(usize, &mut Workspace, &mut Slot) + Sync,
) {
    if slots.is_empty() {
        return;
    }
    let share = slots.len().div_ceil(workspaces.len());
    let run = |part: usize, workspace: &mut Workspace, slots: &mut [Slot]| {
        for (index, slot) in slots.iter_mut().enumerate() {
            work(part * share + index, workspace, slot);
        }
    };
    std::thread::scope(|scope| {
        let mut parts = slots.chunks_mut(share).zip(workspaces).enumerate();
        let own = parts.next();
        for (part, (slots, workspace)) in parts {
            let run = &run;
            scope.spawn(move || run(part, workspace, slots));
        }
        if let Some((part, (slots, workspace))) = own {
            run(part, workspace, slots);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_visited_once_with_its_own_index() {
        for threads in [1, 2, 3, 8] {
            let mut slots = vec![0; 7];
            for_each_slot(&mut vec![(); threads], &mut slots, |index, (), slot| *slot += 10 + index);
            assert_eq!(slots, [10, 11, 12, 13, 14, 15, 16]);
        }
        for_each_slot(&mut [()], &mut [] as &mut [u8], |_, (), _| unreachable!("there is no slot"));
    }
}
