//! Folding, merging and storing, over random lists of events.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::digest::GroupedDigests;
use crate::event::SECOND;
use crate::hash::mix64;

#[derive(Clone, Debug)]
struct Row {
    at: Timestamp,
    action: u8,
    content: Option<String>,
    device: Option<u8>,
    target: Option<u8>,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0..20_000 * SECOND,
        0..14u8,
        proptest::option::of("(@[ab] )?[a-d]{1,3}( [a-dA-D0-9ß😀]{1,3}){0,5}( https://[a-c]\\.de)?"),
        proptest::option::of(0..40u8),
        proptest::option::of(0..3u8),
    );
    proptest::collection::vec(row, 0..300).prop_map(|rows| {
        let mut at = 1_700_000_000 * SECOND;
        rows.into_iter()
            .map(|(gap, action, content, device, target)| {
                at += gap / (1 + i64::from(action) * 500);
                Row { at, action, content, device, target }
            })
            .collect()
    })
}

fn fold(state: &mut AccountState, rows: &[Row]) {
    for row in rows {
        let device = row.device.map(|device| format!("device-{device}"));
        let target = row.target.map(|target| format!("target-{target}"));
        let observation = state.observe(&Event {
            occurred_at: row.at,
            order: state.events() as i64 + 1,
            action: Action::from_code(row.action),
            content: row.content.as_deref(),
            device: device.as_deref(),
            target: target.as_deref(),
            ip: row.device.map(|device| IpAddr::from([192, 0, 2, device])),
            country: target.as_deref(),
        });
        assert_eq!(observation, Observation::Counted);
    }
}

fn folded(rows: &[Row]) -> AccountState {
    let mut state = AccountState::default();
    fold(&mut state, rows);
    state
}

proptest! {
    #[test]
    fn event_by_event_equals_one_pass_bit_for_bit(rows in rows(), cuts in proptest::collection::vec(1usize..20, 1..40)) {
        let mut stored = AccountState::default().to_bytes();
        let mut rest = rows.as_slice();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            let mut state = AccountState::from_bytes(&stored).expect("a stored state reads back");
            fold(&mut state, piece);
            stored = state.to_bytes();
            rest = after;
        }
        let mut state = AccountState::from_bytes(&stored).expect("a stored state reads back");
        fold(&mut state, rest);
        prop_assert_eq!(state.to_bytes(), folded(&rows).to_bytes());
    }

    /// Rows of several accounts, in any order and among each other, make the states that each account's rows make alone.
    #[test]
    fn accounts_together_equal_each_alone_bit_for_bit(rows in rows(), accounts in 1u32..7, seed in any::<u64>()) {
        let account = |index: usize| (mix64(seed ^ index as u64) % u64::from(accounts)) as u32;
        let mut numbered: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
        numbered.sort_by_key(|(index, _)| mix64(*index as u64 + seed));
        let mut together = GroupedDigests::default();
        let mut alone = vec![Digests::default(); accounts as usize];
        for (index, row) in numbered {
            let mut event = Event::new(row.at, Action::from_code(row.action));
            event.content = row.content.as_deref();
            together.push(account(index), &event);
            alone[account(index) as usize].push(&event);
        }
        let mut states = vec![AccountState::default(); accounts as usize];
        AccountState::observe_groups(&mut states, &together, &mut || {});
        for (state, mut digests) in states.into_iter().zip(alone) {
            let mut expected = AccountState::default();
            expected.observe_sorted(&mut digests);
            prop_assert_eq!(state.to_bytes(), expected.to_bytes());
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_read_but_never_panic(rows in rows(), position in 0usize..AccountState::BYTES, bit in 0u8..8) {
        let mut bytes = folded(&rows).to_bytes();
        bytes[position] ^= 1 << bit;
        if let Ok(mut state) = AccountState::from_bytes(&bytes) {
            let mut event = Event::new(LATEST - 1, Action::Post);
            event.content = Some("still here");
            state.observe(&event);
            let _ = (state.session_lengths(), state.recent().count(), state.to_bytes());
        }
        prop_assert!(AccountState::from_bytes(&bytes[..position]).is_err());
    }
}

#[test]
fn stored_length_is_fixed_and_fits_a_tuple() {
    let mut state = AccountState::default();
    assert_eq!(state.to_bytes().len(), AccountState::BYTES);
    for second in 0..500 {
        let mut event = Event::new((second + 1) * SECOND, Action::Post);
        event.content = Some("some words, again and again");
        state.observe(&event);
    }
    assert_eq!(state.to_bytes().len(), AccountState::BYTES);
    const { assert!(AccountState::BYTES <= 1980) };
}

/// The length of what comes before and of what changes between two states.
fn changed(before: &[u8], after: &[u8]) -> (usize, usize) {
    let pairs = || before.iter().zip(after);
    let same_start = pairs().take_while(|(a, b)| a == b).count();
    let same_end = pairs().rev().take_while(|(a, b)| a == b).count();
    (same_start, before.len() - same_start - same_end)
}

#[test]
fn an_event_without_a_text_changes_what_lies_inside_the_ring() {
    let mut state = AccountState::default();
    let mut out = Vec::new();
    for second in 0..500i64 {
        let mut event = Event::new((1_700_000_000 + second * 100) * SECOND, Action::Like);
        event.target = Some("somebody");
        let before = state.to_bytes();
        state.observe(&event);
        out.clear();
        state.write_to(&mut out);
        assert_eq!(out, state.to_bytes());
        assert_eq!(AccountState::from_bytes(&out).as_ref(), Ok(&state));
        if second > 0 {
            let (start, length) = changed(&before, &out);
            assert!(second % 128 == 127 || start >= 632 && length <= 507, "{second}: {length} from {start}");
        }
    }
}

#[test]
fn a_ring_without_a_write_position_is_refused() {
    let mut bytes = AccountState::default().to_bytes();
    bytes[632] = 0;
    let refusal = AccountState::from_bytes(&bytes);
    assert_eq!(refusal, Err(StateError::Corrupt("event ring has no write position")));
    assert!(AccountState::from_bytes(&[3; AccountState::BYTES]).is_err());
    assert!(AccountState::from_bytes(&[[3].as_slice(), &[255; AccountState::BYTES - 1]].concat()).is_err());
}

#[test]
fn late_and_impossible_events_change_nothing() {
    let mut state = folded(&[]);
    state.observe(&Event::new(10 * SECOND, Action::Like));
    let before = state.to_bytes();
    assert_eq!(state.observe(&Event::new(9 * SECOND, Action::Like)), Observation::Late);
    assert_eq!(state.observe(&Event::new(-1, Action::Like)), Observation::OutOfRange);
    assert_eq!(state.observe(&Event::new(i64::MAX, Action::Like)), Observation::OutOfRange);
    assert_eq!(state.to_bytes(), before);
    assert_eq!(state.observe(&Event::new(11 * SECOND, Action::Like)), Observation::Counted);
}

#[test]
fn events_of_one_instant_follow_their_order() {
    let mut state = AccountState::default();
    let event = |order| Event { order, ..Event::new(10 * SECOND, Action::Like) };
    assert_eq!(state.observe(&event(5)), Observation::Counted);
    assert_eq!(state.observe(&event(5)), Observation::Late, "the same event again");
    assert_eq!(state.observe(&event(4)), Observation::Late);
    assert_eq!(state.observe(&event(6)), Observation::Counted);
}

#[test]
fn without_an_order_events_of_one_instant_come_out_alike() {
    let events: Vec<_> =
        (0..20u8).map(|code| Event::new(10 * SECOND, Action::from_code(code % 12))).collect();
    let mut forwards = Digests::default();
    events.iter().for_each(|event| forwards.push(event));
    let mut backwards = Digests::default();
    events.iter().rev().for_each(|event| backwards.push(event));
    let (mut one, mut other) = (AccountState::default(), AccountState::default());
    one.observe_sorted(&mut forwards);
    other.observe_sorted(&mut backwards);
    assert_eq!(one.to_bytes(), other.to_bytes());
    assert_eq!(one.events(), 20);
}
