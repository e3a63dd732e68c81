//! From the columns of anybody's table to events.

use std::borrow::Cow;
use std::ffi::CStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use botdet_models::event::{Action, Event, Timestamp};
use pgrx::pg_sys::{self, Datum, Oid};

use super::values;

/// What a column of a source tells of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Account,
    OccurredAt,
    Action,
    Content,
    Device,
    Ip,
    Target,
    Country,
    /// Order among events of the same instant.
    Position,
}

impl Role {
    pub const ALL: [Self; 9] = [
        Self::Account,
        Self::OccurredAt,
        Self::Action,
        Self::Content,
        Self::Device,
        Self::Ip,
        Self::Target,
        Self::Country,
        Self::Position,
    ];

    /// Name of the argument of `botdet_bind_source()`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::OccurredAt => "occurred_at",
            Self::Action => "action",
            Self::Content => "content",
            Self::Device => "device",
            Self::Ip => "ip",
            Self::Target => "target",
            Self::Country => "country",
            Self::Position => "position",
        }
    }

    /// Whether there are no events without it.
    pub fn is_required(self) -> bool {
        matches!(self, Self::Account | Self::OccurredAt)
    }

    /// Whether a column of this type can play the role; otherwise, which types can.
    pub fn accepts(self, column_type: Oid) -> Result<(), &'static str> {
        let is_integer = matches!(column_type, pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID);
        let is_text = matches!(column_type, pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID);
        match self {
            Self::Account if is_integer || is_text || column_type == pg_sys::UUIDOID => Ok(()),
            Self::Account => Err("bigint, integer, smallint, text, varchar or uuid"),
            Self::OccurredAt if matches!(column_type, pg_sys::TIMESTAMPTZOID | pg_sys::TIMESTAMPOID) => {
                Ok(())
            }
            Self::OccurredAt => Err("timestamptz or timestamp"),
            Self::Content if is_text => Ok(()),
            Self::Content => Err("text or varchar"),
            Self::Ip if is_text || column_type == pg_sys::INETOID => Ok(()),
            Self::Ip => Err("inet, text or varchar"),
            Self::Position if is_integer => Ok(()),
            Self::Position => Err("bigint, integer or smallint"),
            // Names of any type are taken as they are written.
            Self::Action | Self::Device | Self::Target | Self::Country => Ok(()),
        }
    }
}

/// What tells one account from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountKey {
    /// The account's number itself.
    Number(i64),
    /// A name that `botdet.account` has, or will get, a number for.
    Name(Box<str>),
}

/// The columns of one source: for each role the column's number and type.
#[derive(Clone, Debug)]
pub struct EventColumns {
    columns: [Option<(i16, Oid)>; Role::ALL.len()],
}

impl EventColumns {
    pub fn new(columns: [Option<(i16, Oid)>; Role::ALL.len()]) -> Self {
        Self { columns }
    }

    pub fn column(&self, role: Role) -> Option<(i16, Oid)> {
        self.columns[role as usize]
    }

    /// Number of the last column that matters.
    pub fn last(&self) -> i16 {
        self.columns.iter().flatten().map(|(number, _)| *number).max().unwrap_or(0)
    }

    /// Whether accounts are known by numbers, rather than by names.
    pub fn has_numbers(&self) -> bool {
        self.column(Role::Account).is_some_and(|(_, column_type)| is_integer(column_type))
    }

    /// Whose row it is; `None` where the key is NULL.
    pub fn key(&self, value: &dyn Fn(i16) -> Option<Datum>) -> Option<AccountKey> {
        let (number, column_type) = self.column(Role::Account)?;
        let datum = value(number)?;
        Some(if is_integer(column_type) {
            AccountKey::Number(integer(datum, column_type))
        } else {
            // SAFETY: the value is of the column's type, and lives as long as the row is being read.
            AccountKey::Name(unsafe { text(datum, column_type) }.into())
        })
    }

    /// Hands the row's event to `work`; `None` where it has no time. `action_of` names the action of a value of the action
    /// column, or of a table without one.
    pub fn with_event<R>(
        &self,
        value: &dyn Fn(i16) -> Option<Datum>,
        action_of: impl FnOnce(Option<&str>) -> Action,
        work: impl FnOnce(&Event<'_>) -> R,
    ) -> Option<R> {
        let (number, _) = self.column(Role::OccurredAt)?;
        let occurred_at: Timestamp = values::timestamp(value(number)?);
        let datum = |role: Role| {
            let (number, column_type) = self.column(role)?;
            value(number).map(|datum| (datum, column_type))
        };
        // SAFETY: values are of their columns' types, and live as long as the row is being read.
        let name = |role: Role| datum(role).map(|(datum, column_type)| unsafe { text(datum, column_type) });
        let (action, content) = (name(Role::Action), name(Role::Content));
        let (device, target, country) = (name(Role::Device), name(Role::Target), name(Role::Country));
        // SAFETY: as above.
        let ip = datum(Role::Ip).and_then(|(datum, column_type)| unsafe { address(datum, column_type) });
        let order = datum(Role::Position).map_or(0, |(datum, column_type)| integer(datum, column_type));
        Some(work(&Event {
            occurred_at,
            order,
            action: action_of(action.as_deref()),
            content: content.as_deref(),
            device: device.as_deref(),
            target: target.as_deref(),
            ip,
            country: country.as_deref(),
        }))
    }
}

fn is_integer(column_type: Oid) -> bool {
    matches!(column_type, pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID)
}

fn integer(datum: Datum, column_type: Oid) -> i64 {
    match column_type {
        pg_sys::INT2OID => i64::from(datum.value() as i16),
        pg_sys::INT4OID => i64::from(datum.value() as i32),
        _ => datum.value() as i64,
    }
}

/// A value as it is written.
///
/// # Safety
/// `datum` must be a value of this type, and outlive the result.
unsafe fn text<'a>(datum: Datum, column_type: Oid) -> Cow<'a, str> {
    match column_type {
        // SAFETY: these share the layout of text.
        pg_sys::TEXTOID | pg_sys::VARCHAROID => unsafe { values::string(datum) },
        pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID => {
            Cow::Owned(integer(datum, column_type).to_string())
        }
        // SAFETY: any type has an output function; what it returns is zero-terminated and in the server's encoding.
        _ => unsafe {
            let (mut output, mut is_varlena) = (Oid::INVALID, false);
            pg_sys::getTypeOutputInfo(column_type, &raw mut output, &raw mut is_varlena);
            let written = CStr::from_ptr(pg_sys::OidOutputFunctionCall(output, datum));
            let written = super::text::to_utf8(written.to_bytes());
            if column_type == pg_sys::BPCHAROID {
                Cow::Owned(written.trim_end_matches(' ').to_owned())
            } else {
                Cow::Owned(written.into_owned())
            }
        },
    }
}

/// An address without its network mask; `None` where a text is none.
///
/// # Safety
/// As for [`text`]; the type must be inet or a text.
unsafe fn address(datum: Datum, column_type: Oid) -> Option<IpAddr> {
    if column_type != pg_sys::INETOID {
        // SAFETY: passed on to the caller.
        return unsafe { text(datum, column_type) }.trim().parse().ok();
    }
    // SAFETY: an inet is a variable-length value: family, bits of the mask, and the address.
    let bytes = unsafe { values::bytes(datum) };
    match bytes.get(2..)? {
        octets if octets.len() == 4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?).into()),
        octets if octets.len() == 16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).into()),
        _ => None,
    }
}
