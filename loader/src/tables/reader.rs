//! A table's rows, streamed, checked and put in order.

use botdet_models::rows::Rows;
use botdet_models::schema::{ColumnDefinition, ColumnKind};
use postgres::Transaction;
use postgres::binary_copy::{BinaryCopyOutIter, BinaryCopyOutRow};
use postgres::fallible_iterator::FallibleIterator;

use super::catalog::{Attribute, Family};
use super::category::{Judgement, Texts};
use super::plan::{Plan, leave_out};
use super::{LEAST_ROWS_OF_A_CLASS, TableData, TableError};
use crate::error::LoaderError;

/// Reads what a plan says.
pub(super) fn read(
    transaction: &mut Transaction<'_>,
    plan: Plan,
    progress: &mut dyn FnMut() -> Result<(), LoaderError>,
) -> Result<TableData, LoaderError> {
    let (sql, types) = plan.copy();
    let mut reader = Reader::new(plan);
    let mut rows = BinaryCopyOutIter::new(transaction.copy_out(&sql)?, &types);
    while let Some(row) = rows.next()? {
        reader.add(&row)?;
        progress()?;
    }
    Ok(reader.finish()?)
}

/// Rows as they come.
struct Reader {
    plan: Plan,
    columns: Vec<ColumnReader>,
    /// Row-major, a category's values by the numbers of its texts.
    values: Vec<f32>,
    keys: Vec<String>,
    labels: Vec<bool>,
    groups: Vec<String>,
    times: Vec<i64>,
    unlabelled: u64,
}

struct ColumnReader {
    /// Whether any value was there.
    is_known: bool,
    texts: Texts,
}

/// A column that is kept: its place among those that were read, and the places of its texts' levels.
struct Kept {
    index: usize,
    places: Option<Vec<f32>>,
}

impl Reader {
    fn new(plan: Plan) -> Self {
        let column = |_| ColumnReader { is_known: false, texts: Texts::default() };
        Self {
            columns: plan.columns.iter().map(column).collect(),
            plan,
            values: Vec::new(),
            keys: Vec::new(),
            labels: Vec::new(),
            groups: Vec::new(),
            times: Vec::new(),
            unlabelled: 0,
        }
    }

    fn add(&mut self, row: &BinaryCopyOutRow) -> Result<(), LoaderError> {
        let plan = &mut self.plan;
        let Some(label) = row.try_get::<Option<&str>>(1)? else {
            self.unlabelled += 1;
            return Ok(());
        };
        let Some(key) = row.try_get::<Option<&str>>(0)? else {
            return Err(TableError::NullKey(plan.key.name.clone()).into());
        };
        self.labels.push(plan.labels.read(label, key)?);
        self.keys.push(key.to_owned());
        let mut next = 2;
        if let Some(column) = &plan.group {
            let group: Option<&str> = row.try_get(next)?;
            self.groups.push(group.ok_or_else(|| absent(column, "group", "null", key))?.to_owned());
            next += 1;
        }
        if let Some(column) = &plan.time {
            let time: Option<i64> = row.try_get(next)?;
            self.times.push(time.ok_or_else(|| absent(column, "time", "null or not finite", key))?);
            next += 1;
        }
        for ((index, column), reader) in plan.columns.iter().enumerate().zip(&mut self.columns) {
            let value = reader.value(row, next + index, column, key)?;
            reader.is_known |= value.is_some();
            self.values.push(value.unwrap_or(f32::NAN));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<TableData, TableError> {
        self.check_classes()?;
        let order = self.order()?;
        let (columns, kept) = self.judge()?;
        let Self { plan, values, keys, labels, groups, times, .. } = self;
        let width = plan.columns.len();
        let mut ordered = Vec::with_capacity(order.len() * kept.len());
        for index in &order {
            let row = &values[index * width..(index + 1) * width];
            ordered.extend(kept.iter().map(|column| column.value(row)));
        }
        drop(values);
        let rows = Rows::new(ordered, columns.len()).map_err(|error| TableError::NoColumns {
            relation: plan.relation.name.clone(),
            left_out: format!(": {error}"),
        })?;
        let is_ignored = |name: &&String| columns.iter().all(|column| column.name != **name);
        let ignored = plan.relation.columns.iter().map(|column| &column.name).filter(is_ignored).cloned();
        Ok(TableData {
            relation: plan.relation.name,
            ignored: ignored.collect(),
            rows,
            labels: order.iter().map(|index| labels[*index]).collect(),
            groups: plan.group.map(|_| reordered(groups, &order)),
            times: plan.time.map(|_| order.iter().map(|index| times[*index]).collect()),
            keys: reordered(keys, &order),
            notices: plan.notices,
            columns,
        })
    }

    fn check_classes(&mut self) -> Result<(), TableError> {
        let positives = self.labels.iter().filter(|label| **label).count();
        let negatives = self.labels.len() - positives;
        let column = self.plan.label.name.clone();
        if self.labels.is_empty() && self.unlabelled > 0 {
            let relation = self.plan.relation.name.clone();
            return Err(TableError::Unlabelled { relation, column, rows: self.unlabelled });
        }
        if self.unlabelled > 0 {
            let notice =
                format!("{} rows are left out: column {column}, the label, is null", self.unlabelled);
            self.plan.notices.push(notice);
        }
        if positives.max(negatives) > 0 && positives.min(negatives) == 0 {
            let class = if positives > 0 { "positive" } else { "negative" };
            return Err(TableError::OneClass { column, rows: self.labels.len(), class });
        }
        if positives.min(negatives) < LEAST_ROWS_OF_A_CLASS {
            let relation = self.plan.relation.name.clone();
            return Err(TableError::TooFewRows { relation, column, positives, negatives });
        }
        Ok(())
    }

    /// The rows' places in the order of their keys, none of which may be there twice.
    fn order(&self) -> Result<Vec<usize>, TableError> {
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        order.sort_unstable_by(|a, b| self.keys[*a].cmp(&self.keys[*b]));
        match order.windows(2).find(|pair| self.keys[pair[0]] == self.keys[pair[1]]) {
            Some(pair) => Err(TableError::DuplicateKey {
                column: self.plan.key.name.clone(),
                key: self.keys[pair[0]].clone(),
            }),
            None => Ok(order),
        }
    }

    /// Which columns are kept, and as what.
    fn judge(&mut self) -> Result<(Vec<ColumnDefinition>, Vec<Kept>), TableError> {
        let Plan { columns: attributes, asked_for, notices, .. } = &mut self.plan;
        let (mut columns, mut kept) = (Vec::new(), Vec::new());
        for (index, (column, reader)) in attributes.iter().zip(std::mem::take(&mut self.columns)).enumerate()
        {
            if !reader.is_known {
                leave_out(column, "is null in all rows", *asked_for, notices)?;
                continue;
            }
            let (kind, places) = match column.family {
                Family::Boolean => (ColumnKind::Boolean, None),
                family if family.is_number() => (ColumnKind::Number, None),
                family => match reader.texts.judge(family == Family::Enumeration) {
                    Judgement::Category { levels, places } => (ColumnKind::Category { levels }, Some(places)),
                    Judgement::Numbers => return Err(TableError::NumbersAsText(column.name.clone())),
                    Judgement::Unusable(reason) => {
                        leave_out(column, &reason, *asked_for, notices)?;
                        continue;
                    }
                },
            };
            columns.push(ColumnDefinition { name: column.name.clone(), kind });
            kept.push(Kept { index, places });
        }
        if columns.is_empty() {
            let left_out = notices.iter().map(|notice| format!("; {notice}")).collect();
            return Err(TableError::NoColumns { relation: self.plan.relation.name.clone(), left_out });
        }
        Ok((columns, kept))
    }
}

impl ColumnReader {
    fn value(
        &mut self,
        row: &BinaryCopyOutRow,
        index: usize,
        column: &Attribute,
        key: &str,
    ) -> Result<Option<f32>, LoaderError> {
        let not_finite =
            |value: String| TableError::NotFinite { column: column.name.clone(), key: key.to_owned(), value };
        match column.family {
            Family::Boolean => {
                Ok(row.try_get::<Option<bool>>(index)?.map(|value| f32::from(u8::from(value))))
            }
            Family::Integer | Family::Float => {
                let Some(value) = row.try_get::<Option<f64>>(index)? else { return Ok(None) };
                Ok(Some(single(value).ok_or_else(|| not_finite(value.to_string()))?))
            }
            Family::Decimal => {
                let Some(text) = row.try_get::<Option<&str>>(index)? else { return Ok(None) };
                let value = text.parse().ok().and_then(single);
                Ok(Some(value.ok_or_else(|| not_finite(shortened(text)))?))
            }
            _ => Ok(row.try_get::<Option<&str>>(index)?.map(|text| self.texts.add(text) as f32)),
        }
    }
}

impl Kept {
    fn value(&self, row: &[f32]) -> f32 {
        let value = row[self.index];
        match &self.places {
            Some(places) if !value.is_nan() => places[value as usize],
            _ => value,
        }
    }
}

/// The value in single precision, unless it is not finite there.
fn single(value: f64) -> Option<f32> {
    Some(value as f32).filter(|single| single.is_finite())
}

/// A decimal may have a hundred thousand digits.
fn shortened(text: &str) -> String {
    if text.len() > 40 { format!("{}… ({} digits)", &text[..20], text.len()) } else { text.to_owned() }
}

fn absent(column: &Attribute, role: &'static str, value: &'static str, key: &str) -> TableError {
    TableError::Absent { column: column.name.clone(), role, value, key: key.to_owned() }
}

fn reordered(mut texts: Vec<String>, order: &[usize]) -> Vec<String> {
    order.iter().map(|index| std::mem::take(&mut texts[*index])).collect()
}
