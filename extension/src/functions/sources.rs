//! What binding a table takes.

use std::borrow::Cow;

use pgrx::pg_sys::Datum;

use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::event_columns::Role;
use crate::postgres::record::Record;
use crate::postgres::spi::{Row, Statement};
use crate::postgres::values::{Element, array_datum};
use crate::postgres::{catalog, invalidation, transaction};
use crate::store::accounts;

pub fn check_column(call: &Call) -> Result<Datum, Error> {
    let (relation, role, column) = (call.oid(0), call.text(1), call.text(2));
    let (role, column) = (role.unwrap_or_default(), column.unwrap_or_default());
    let missing = || Error::MissingColumn {
        relation: catalog::relation_name(relation),
        column: column.clone().into_owned(),
        role: role.clone().into_owned(),
    };
    let role_of_column = Role::ALL.into_iter().find(|known| known.name() == role).ok_or_else(missing)?;
    let (_, column_type) = catalog::column(relation, &column).ok_or_else(missing)?;
    role_of_column.accepts(column_type).map_err(|accepted| Error::ColumnType {
        relation: catalog::relation_name(relation),
        column: column.clone().into_owned(),
        role: role.clone().into_owned(),
        found: catalog::type_name(column_type),
        accepted,
    })?;
    Ok(call.done())
}

pub fn number_names(call: &Call) -> Result<Datum, Error> {
    let names = call.texts(0);
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let numbers = accounts::number_names(&names)?;
    Ok(array_datum(Element::Bigint, numbers.into_iter().map(|number| Some(Datum::from(number)))))
}

/// Reads keys and times by a query, as whoever may run the table's own expressions.
pub fn read_keys(call: &Call) -> Result<Datum, Error> {
    let relation = call.oid(0);
    let Some(owner) = catalog::owner(relation) else {
        return call.set([]);
    };
    let sql = format!(
        "SELECT q.key::pg_catalog.text, q.latest::pg_catalog.timestamptz FROM ({}) AS q (key, latest)",
        call.text(1).unwrap_or_default()
    );
    let query = Statement::reading_made(sql, &[]).in_parallel().seeing_latest();
    let mut keys = Vec::new();
    let mut keep = |row: &Row<'_>| {
        keys.push((row.text(1).map(Cow::into_owned), row.timestamptz(2)));
    };
    transaction::as_reader(owner, || query.run(&[], &mut keep));
    call.set(
        keys.iter()
            .map(|(key, latest)| Ok(Record::default().text(key.as_deref()).optional_timestamptz(*latest))),
    )
}

pub fn changed(call: &Call) -> Result<Datum, Error> {
    invalidation::announce(c"botdet", c"source");
    Ok(call.done())
}
