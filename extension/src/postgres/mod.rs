//! What we need of Postgres' C interface, with its rules kept in one place.
#![expect(unsafe_code, reason = "this is where the extension meets C")]

pub mod aggregate;
pub mod background;
pub mod call;
pub mod catalog;
pub mod ddl;
pub mod event_columns;
pub mod index_entries;
pub mod invalidation;
pub mod mapped_file;
pub mod memory;
pub mod record;
pub mod shared_counters;
pub mod signals;
pub mod spi;
pub mod state_table;
pub mod subtransaction;
pub mod text;
pub mod transaction;
pub mod transition;
pub mod values;
pub mod wait;
