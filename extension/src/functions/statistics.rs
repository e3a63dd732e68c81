//! What `botdet.stat_models` shows.

use pgrx::pg_sys::Datum;

use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::record::Record;
use crate::statistics::{self, BUCKETS, below};

pub fn models(call: &Call) -> Result<Datum, Error> {
    call.set(statistics::all().into_iter().map(|counted| {
        let milliseconds = |time: std::time::Duration| Some(time.as_secs_f64() * 1e3);
        let count = |number: u64| Some(number as i64);
        let record = Record::default()
            .text(Some(&counted.name))
            .bigint(count(counted.calls))
            .bigint(count(counted.rows))
            .bigint(count(counted.errors))
            .bigint(count(counted.timeouts))
            .float8(milliseconds(counted.time))
            .float8(counted.percentile(0.5))
            .float8(counted.percentile(0.95))
            .float8(counted.percentile(0.99));
        let by_stage = counted.stages.iter().chain(&counted.runtimes);
        let record = by_stage.fold(record, |record, number| record.bigint(count(*number)));
        Ok(record.bigint(count(counted.loads)).float8(milliseconds(counted.load_time)))
    }))
}

pub fn latencies(call: &Call) -> Result<Datum, Error> {
    let counted = statistics::all();
    let rows = counted.iter().flat_map(|counted| {
        let mut calls = 0;
        (0..BUCKETS).map(move |bucket| {
            calls += counted.buckets[bucket];
            let up_to = if bucket + 1 == BUCKETS { f64::INFINITY } else { below(bucket) };
            Ok(Record::default().text(Some(&counted.name)).float8(Some(up_to)).bigint(Some(calls as i64)))
        })
    });
    call.set(rows)
}

pub fn reset(call: &Call) -> Result<Datum, Error> {
    statistics::reset();
    Ok(call.done())
}
