//! The SQL face of botdet.
//!
//! `sql/install/*.sql` declares every function by hand; each is one line in [`functions`]. Those convert arguments and
//! results; [`store`] reads and writes tables, [`active`] holds the model that answers, [`flag`] is the insert trigger.
//! `postgres` is the only place with unsafe code.

mod active;
mod error;
mod flag;
mod functions;
mod postgres;
mod runtime;
mod scoring;
mod settings;
mod store;

pgrx::pg_module_magic!(name, version);

/// Called by Postgres when the library is loaded.
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::init();
    active::init();
}
