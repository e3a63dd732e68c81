//! What each column of a table is for, and the COPY that reads them.

use postgres::types::Type;

use super::catalog::{Attribute, Family, Relation};
use super::label::LabelReader;
use super::{TableError, TableSource};

/// What each column of a table is for.
#[derive(Debug)]
pub(super) struct Plan {
    pub relation: Relation,
    pub key: Attribute,
    pub label: Attribute,
    pub labels: LabelReader,
    pub group: Option<Attribute>,
    pub time: Option<Attribute>,
    /// Columns to judge by, in the table's order.
    pub columns: Vec<Attribute>,
    /// Whether they were asked for by name: then none may be left out.
    pub asked_for: bool,
    pub notices: Vec<String>,
}

impl Plan {
    pub(super) fn new(relation: Relation, source: &TableSource) -> Result<Self, TableError> {
        check_roles(source)?;
        let find = |name: &String| relation.column(name).cloned();
        let (key, label) = (find(&source.key)?, find(&source.label)?);
        let (group, time) = (source.group.as_ref().map(find), source.time.as_ref().map(find));
        let (group, time) = (group.transpose()?, time.transpose()?);
        source.ignored.iter().try_for_each(|name| find(name).map(|_| ()))?;
        let mut plan = Self {
            labels: LabelReader::new(&label, source.positive.clone())?,
            key,
            label,
            group,
            time,
            columns: Vec::new(),
            asked_for: source.columns.is_some(),
            notices: Vec::new(),
            relation,
        };
        plan.check_time()?;
        plan.choose(source)?;
        Ok(plan)
    }

    fn check_time(&self) -> Result<(), TableError> {
        let unfit = |time: &&Attribute| time.family != Family::Time && !time.family.is_number();
        match self.time.as_ref().filter(unfit) {
            Some(time) => Err(TableError::Type {
                column: time.name.clone(),
                type_name: time.type_name.clone(),
                role: "the time",
                hint: "a date, a timestamp or a number can",
            }),
            None => Ok(()),
        }
    }

    /// Chooses the columns to judge by.
    fn choose(&mut self, source: &TableSource) -> Result<(), TableError> {
        if let Some(names) = &source.columns {
            names.iter().try_for_each(|name| self.relation.column(name).map(|_| ()))?;
        }
        let roles = roles(source);
        let is_free = |name: &str| roles.iter().all(|(_, taken)| *taken != name);
        let is_wanted = |name: &str| match &source.columns {
            Some(names) => names.iter().any(|wanted| wanted == name),
            None => is_free(name) && !source.ignored.iter().any(|ignored| ignored == name),
        };
        for column in &self.relation.columns {
            if !is_wanted(&column.name) {
                continue;
            }
            if matches!(column.family, Family::Time | Family::Other) {
                let reason = format!("is of type {}, of which nothing is learned", column.type_name);
                leave_out(column, &reason, self.asked_for, &mut self.notices)?;
            } else {
                self.columns.push(column.clone());
            }
        }
        Ok(())
    }

    /// The COPY, and the types of what it gives: key, label, group, time, columns.
    pub(super) fn copy(&self) -> (String, Vec<Type>) {
        let texts = [&self.key, &self.label].into_iter().chain(&self.group);
        let texts = texts.map(|column| (format!("{}::pg_catalog.text", column.quoted), Type::TEXT));
        let times = self.time.iter().map(|column| (moment(column), Type::INT8));
        let (expressions, types): (Vec<String>, Vec<Type>) =
            texts.chain(times).chain(self.columns.iter().map(value)).unzip();
        (filled(include_str!("../sql/copy_table.sql"), &self.relation.name, &expressions.join(", ")), types)
    }
}

/// SQL with its table and its columns. Either may have a name that looks like the place of the other, and is left as it is.
pub(super) fn filled(template: &str, relation: &str, columns: &str) -> String {
    let parts: Vec<String> =
        template.split("{columns}").map(|part| part.replace("{relation}", relation)).collect();
    parts.join(columns)
}

/// Leaves a column out with a notice, unless it was asked for by name.
pub(super) fn leave_out(
    column: &Attribute,
    reason: &str,
    asked_for: bool,
    notices: &mut Vec<String>,
) -> Result<(), TableError> {
    if asked_for {
        return Err(TableError::Unusable { column: column.name.clone(), reason: reason.to_owned() });
    }
    notices.push(format!("column {} is left out: it {reason}", column.name));
    Ok(())
}

fn roles(source: &TableSource) -> Vec<(&'static str, &str)> {
    let mut roles = vec![("the key", source.key.as_str()), ("the label", source.label.as_str())];
    roles.extend(source.group.iter().map(|name| ("the group", name.as_str())));
    roles.extend(source.time.iter().map(|name| ("the time", name.as_str())));
    roles
}

/// A column has one role.
fn check_roles(source: &TableSource) -> Result<(), TableError> {
    let mut taken = roles(source);
    let named = source.columns.iter().flatten();
    taken.extend(named.map(|name| ("a column to judge by", name.as_str())));
    if source.columns.is_some() {
        taken.extend(source.ignored.iter().map(|name| ("left out", name.as_str())));
    }
    for (index, (other, column)) in taken.iter().enumerate() {
        if let Some((one, _)) = taken[..index].iter().find(|(_, earlier)| earlier == column) {
            if one == other {
                return Err(TableError::Twice((*column).to_owned()));
            }
            return Err(TableError::TwoRoles { column: (*column).to_owned(), one, other });
        }
    }
    Ok(())
}

/// A time as microseconds since 1970, a whole number as it is; of other numbers, of which no integer holds all, the rank. Null
/// where it is infinite or not a number.
fn moment(column: &Attribute) -> String {
    let quoted = &column.quoted;
    match column.family {
        Family::Time => format!(
            "CASE WHEN pg_catalog.isfinite({quoted}) THEN (pg_catalog.date_part('epoch', {quoted}) \
             OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 END"
        ),
        Family::Integer => format!("{quoted}::pg_catalog.int8"),
        _ => format!(
            "CASE WHEN {quoted}::pg_catalog.text OPERATOR(pg_catalog.<>) ALL ('{{NaN,Infinity,-Infinity}}') \
             THEN pg_catalog.dense_rank() OVER (ORDER BY {quoted}) END"
        ),
    }
}

/// A value, with the type it comes as. Decimals come as text: there are some that no float can hold, and the server's cast would
/// not say where.
fn value(column: &Attribute) -> (String, Type) {
    let quoted = &column.quoted;
    match column.family {
        Family::Boolean => (format!("{quoted}::pg_catalog.bool"), Type::BOOL),
        Family::Integer | Family::Float => (format!("{quoted}::pg_catalog.float8"), Type::FLOAT8),
        Family::Padded => {
            (format!("pg_catalog.to_jsonb({quoted}) OPERATOR(pg_catalog.#>>) '{{}}'"), Type::TEXT)
        }
        _ => (format!("{quoted}::pg_catalog.text"), Type::TEXT),
    }
}
