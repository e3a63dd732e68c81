//! The aggregate `botdet_state`: gathers the events of a group as bytes, and folds them at the end.

use std::cell::Cell;

use botdet_models::digest::Digests;
use botdet_models::event::Action;
use botdet_models::packed::{PackedDigests, PackedError, VERSION, pack};
use botdet_models::state::AccountState;
use pgrx::pg_sys::{self, Datum, Oid};

use crate::error::Error;
use crate::postgres::aggregate::Gathered;
use crate::postgres::call::{Call, check_for_interrupts};
use crate::postgres::event_columns::{EventColumns, Role};
use crate::postgres::values::bytes_datum;

/// What argument number 1, 2, … of the aggregate's transition functions tells of an event; number 0 is what was gathered.
const ARGUMENTS: [(Role, Oid); 8] = [
    (Role::OccurredAt, pg_sys::TIMESTAMPTZOID),
    (Role::Action, pg_sys::TEXTOID),
    (Role::Content, pg_sys::TEXTOID),
    (Role::Device, pg_sys::TEXTOID),
    (Role::Ip, pg_sys::INETOID),
    (Role::Target, pg_sys::TEXTOID),
    (Role::Country, pg_sys::TEXTOID),
    (Role::Position, pg_sys::INT8OID),
];

thread_local! {
    /// Taken while in use: an error may unwind meanwhile, and then the next call begins with a new one.
    static SCRATCH: Cell<Scratch> = Cell::default();
}

#[derive(Default)]
struct Scratch {
    digests: Digests,
    packed: Vec<u8>,
}

/// The arguments as columns: those that the call has.
fn columns(call: &Call) -> EventColumns {
    let mut columns = [None; Role::ALL.len()];
    for ((role, argument_type), number) in ARGUMENTS.into_iter().zip(1..).take(call.count() - 1) {
        columns[role as usize] = Some((number, argument_type));
    }
    EventColumns::new(columns)
}

/// Adds a row's event; a row without a time is passed over.
pub fn add(call: &Call) -> Result<Datum, Error> {
    let mut scratch = SCRATCH.take();
    scratch.packed.clear();
    let action_of = |name: Option<&str>| name.map_or(Action::Other, Action::from_name);
    let is_event = columns(call).with_event(&|number| call.datum(number), action_of, |event| {
        pack(event, &mut scratch.digests, &mut scratch.packed);
    });
    let gathered = match is_event {
        Some(()) => {
            let mut gathered = Gathered::begun(call, VERSION)?;
            gathered.append(&scratch.packed);
            gathered.datum()
        }
        None => Gathered::unchanged(call),
    };
    SCRATCH.set(scratch);
    Ok(gathered)
}

/// Adds what another process has gathered of the same group.
pub fn join(call: &Call) -> Result<Datum, Error> {
    Gathered::joined(call, VERSION)
}

pub fn send(call: &Call) -> Result<Datum, Error> {
    Ok(Gathered::argument(call, 0).map_or_else(|| call.null(), Gathered::to_bytea))
}

/// The events behind the version are checked when they are folded.
pub fn receive(call: &Call) -> Result<Datum, Error> {
    let bytes = call.bytes(0).unwrap_or_default();
    match bytes.first() {
        Some(&VERSION) => {
            let mut gathered = Gathered::passing();
            gathered.append(bytes);
            Ok(gathered.datum())
        }
        Some(&found) => Err(PackedError::Version { found }.into()),
        None => Err(PackedError::Truncated(0).into()),
    }
}

pub fn finish(call: &Call) -> Result<Datum, Error> {
    let Some(gathered) = Gathered::argument(call, 0) else {
        return Ok(call.null());
    };
    let events = PackedDigests::new(gathered.bytes())?;
    let state = AccountState::of_packed(&events, &mut check_for_interrupts);
    if state.events() == 0 {
        return Ok(call.null());
    }
    Ok(bytes_datum(&state.to_bytes()))
}
