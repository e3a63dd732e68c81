//! The SQL face of botdet.
//!
//! `sql/install/*.sql` declares every function by hand; each is one line in [`functions`]. Those convert arguments and
//! results; [`store`] reads and writes tables, [`sources`] knows which tables activity comes from, [`upkeep`] keeps states
//! current, [`active`] holds the model that answers, of which [`images`] keeps what
//! processes share, [`runtime`] runs its sequence stage within [`budget`], [`flag`] scores or queues what was inserted, [`queue`] scores what waits,
//! [`worker`] has that done in the background, [`refresh`] makes states and scores again, [`backlinks`] judges links, [`settle`] writes scores that others
//! may be writing, too, [`statistics`] counts what that costs.
//! `postgres` is the only place with unsafe code.

mod active;
mod backlinks;
mod budget;
mod error;
mod flag;
mod functions;
mod images;
mod postgres;
mod queue;
mod refresh;
mod runtime;
mod scoring;
mod settings;
mod settle;
mod sources;
mod statistics;
mod store;
mod table_rows;
mod upkeep;
mod worker;

pgrx::pg_module_magic!(name, version);

/// Called by Postgres when the library is loaded.
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::init();
    active::init();
    upkeep::init();
    worker::init();
}
