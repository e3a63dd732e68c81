//! What scoring costs: calls, rows, errors and times of each version, counted by all backends of a database together.
//!
//! Counting takes no lock. A version's counters are a slot; the first backend that needs one claims it. Where slots run out, what is
//! new is not counted, and says so in `botdet.stat_models` by being absent.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use botdet_models::pipeline::PipelineError;
use botdet_models::score::{Score, Stage};
use botdet_models::sequence::SequenceError;

use crate::error::Error;
use crate::postgres::shared_counters;

/// Versions that are counted at a time.
const SLOTS: usize = 64;
/// Words of a slot: its name, then the counters.
const NAME_WORDS: usize = 8;
const SLOT_WORDS: usize = 64;
const WORDS: usize = SLOTS * SLOT_WORDS;
/// Buckets of the histogram: calls that took less than 2, 4, 8, ... µs; the last takes all others, from half a minute on.
pub const BUCKETS: usize = 25;
/// What runs sequence models, in the order of their counters.
const RUNTIMES: [&str; 3] = ["embedded", "onnxruntime", "cuda"];
const STAGES: [Stage; 4] = [Stage::Rules, Stage::Filter, Stage::Trees, Stage::Sequence];

/// Places of the counters in a slot.
mod word {
    pub const CALLS: usize = super::NAME_WORDS;
    pub const ROWS: usize = CALLS + 1;
    pub const ERRORS: usize = CALLS + 2;
    pub const TIMEOUTS: usize = CALLS + 3;
    pub const NANOSECONDS: usize = CALLS + 4;
    pub const LOADS: usize = CALLS + 5;
    pub const LOAD_NANOSECONDS: usize = CALLS + 6;
    pub const STAGES: usize = CALLS + 7;
    pub const RUNTIMES: usize = STAGES + super::STAGES.len();
    pub const BUCKETS: usize = RUNTIMES + super::RUNTIMES.len();
    pub const END: usize = BUCKETS + super::BUCKETS;
}
const _: () = assert!(word::END <= SLOT_WORDS);

type Counters = &'static [AtomicU64; WORDS];
type Slot = &'static [AtomicU64];

thread_local! {
    /// The database's counters, once they were asked for; `None` inside where they cannot be had.
    static COUNTERS: RefCell<Option<Option<Counters>>> = const { RefCell::new(None) };
    /// Slots that this backend has found, by name.
    static FOUND: RefCell<Vec<(String, Slot)>> = const { RefCell::new(Vec::new()) };
}

/// The counters of one version.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Name of the version; the detector's with a colon behind it where rules answered.
    pub name: String,
    pub calls: u64,
    pub rows: u64,
    pub errors: u64,
    pub timeouts: u64,
    pub time: Duration,
    pub loads: u64,
    pub load_time: Duration,
    /// Rows that rules, filter, trees and sequence model decided.
    pub stages: [u64; 4],
    /// Rows that a sequence model decided, by what ran it.
    pub runtimes: [u64; 3],
    pub buckets: [u64; BUCKETS],
}

/// What rules are counted as.
pub fn name_of_rules(detector: &str) -> String {
    format!("{detector}:")
}

/// Counts a call that scores rows. One that is left by an error of Postgres, a cancel for one, counts as an error.
pub fn measured(
    name: &str,
    rows: usize,
    call: impl FnOnce() -> Result<Vec<Score>, Error>,
) -> Result<Vec<Score>, Error> {
    let Some(slot) = slot(name) else {
        return call();
    };
    let running = Running { slot, started: Instant::now() };
    let result = call();
    running.slot[word::ROWS].fetch_add(rows as u64, Relaxed);
    match &result {
        Ok(scores) => {
            add_stages(running.slot, scores.iter());
            running.finish();
        }
        Err(error) => {
            if is_timeout(error) {
                running.slot[word::TIMEOUTS].fetch_add(1, Relaxed);
            }
            drop(running);
        }
    }
    result
}

/// Counts a call, or the part of one, that has judged rows since `started` without asking a version; none without rows.
pub fn note_judged<'a>(name: &str, started: Instant, scores: impl Iterator<Item = &'a Score> + Clone) {
    let rows = scores.clone().count();
    if let Some(slot) = slot(name).filter(|_| rows > 0) {
        slot[word::ROWS].fetch_add(rows as u64, Relaxed);
        add_stages(slot, scores);
        Running { slot, started }.finish();
    }
}

fn add_stages<'a>(slot: Slot, scores: impl Iterator<Item = &'a Score>) {
    let mut decided = [0; STAGES.len()];
    for score in scores {
        if let Some(index) = STAGES.iter().position(|stage| *stage == score.stage) {
            decided[index] += 1;
        }
    }
    for (index, decided) in decided.into_iter().enumerate().filter(|(_, decided)| *decided > 0) {
        slot[word::STAGES + index].fetch_add(decided, Relaxed);
    }
}

/// Counts rows that a sequence model has decided, by what runs it.
pub fn note_runtime(name: &str, runtime: Option<&'static str>, scores: &[Score]) {
    let rows = scores.iter().filter(|score| score.stage == Stage::Sequence).count();
    let index = RUNTIMES.iter().position(|known| Some(*known) == runtime).filter(|_| rows > 0);
    if let Some((slot, index)) = slot(name).zip(index) {
        slot[word::RUNTIMES + index].fetch_add(rows as u64, Relaxed);
    }
}

/// Counts that a version was loaded.
pub fn note_load(name: &str, time: Duration) {
    if let Some(slot) = slot(name) {
        slot[word::LOADS].fetch_add(1, Relaxed);
        slot[word::LOAD_NANOSECONDS].fetch_add(time.as_nanos() as u64, Relaxed);
    }
}

/// All counters there are.
pub fn all() -> Vec<Statistics> {
    counters().map_or_else(Vec::new, |counters| {
        counters.chunks_exact(SLOT_WORDS).filter(|slot| slot[0].load(Relaxed) != 0).map(read).collect()
    })
}

/// Sets all counters to 0, and forgets versions that have gone.
pub fn reset() {
    for word in counters().into_iter().flatten() {
        word.store(0, Relaxed);
    }
    FOUND.take();
}

/// A call in progress.
struct Running {
    slot: Slot,
    started: Instant,
}

impl Statistics {
    /// Time, in milliseconds, that this share of the calls took at most; within a bucket, times are taken to be spread evenly.
    /// `None` without calls.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let wanted = share * self.buckets.iter().sum::<u64>() as f64;
        let mut before = 0.0;
        for (index, calls) in self.buckets.iter().enumerate().filter(|(_, calls)| **calls > 0) {
            let calls = *calls as f64;
            if before + calls >= wanted {
                let lower = if index == 0 { 0.0 } else { below(index - 1) };
                return Some(lower + (below(index) - lower) * (wanted - before) / calls);
            }
            before += calls;
        }
        None
    }
}

/// Milliseconds below which the calls of a bucket took.
pub fn below(bucket: usize) -> f64 {
    (2u64 << bucket) as f64 / 1e3
}

impl Running {
    fn finish(self) {
        let taken = self.started.elapsed();
        let bucket = (taken.as_micros().max(1).ilog2() as usize).min(BUCKETS - 1);
        self.slot[word::BUCKETS + bucket].fetch_add(1, Relaxed);
        self.slot[word::NANOSECONDS].fetch_add(taken.as_nanos() as u64, Relaxed);
        self.slot[word::CALLS].fetch_add(1, Relaxed);
        std::mem::forget(self);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.slot[word::CALLS].fetch_add(1, Relaxed);
        self.slot[word::ERRORS].fetch_add(1, Relaxed);
    }
}

fn is_timeout(error: &Error) -> bool {
    matches!(error, Error::Pipeline(PipelineError::Sequence(SequenceError::Timeout { .. })))
}

fn counters() -> Option<Counters> {
    COUNTERS.with_borrow_mut(|counters| {
        *counters.get_or_insert_with(|| shared_counters::open("statistics.1").ok())
    })
}

/// The counters of a name; claims a free slot for a new one.
fn slot(name: &str) -> Option<Slot> {
    let words = name_words(name)?;
    let is_its = |slot: Slot| (0..NAME_WORDS).all(|index| slot[index].load(Relaxed) == words[index]);
    let found =
        FOUND.with_borrow(|found| found.iter().find(|(known, _)| known == name).map(|(_, slot)| *slot));
    // Another backend may have set all to 0 since.
    if let Some(slot) = found.filter(|slot| is_its(slot)) {
        return Some(slot);
    }
    let mut slots = counters()?.chunks_exact(SLOT_WORDS);
    let slot = slots.find(|slot| claim(slot, &words))?;
    FOUND.with_borrow_mut(|found| {
        found.retain(|(known, _)| known != name);
        found.push((name.to_owned(), slot));
    });
    Some(slot)
}

/// Whether a slot has this name, or is free and gets it. Each word is written once, in order: whoever comes second either
/// finds the same words, or looks further.
fn claim(slot: Slot, words: &[u64; NAME_WORDS]) -> bool {
    words.iter().zip(slot).all(|(word, place)| match place.compare_exchange(0, *word, Relaxed, Relaxed) {
        Ok(_) => true,
        Err(found) => found == *word,
    })
}

/// A name as words; never 0, so that a written word can be told from a free one. `None` where it is too long.
fn name_words(name: &str) -> Option<[u64; NAME_WORDS]> {
    let mut bytes = [b' '; NAME_WORDS * 8];
    bytes.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
    let mut words = [0; NAME_WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    Some(words)
}

fn read(slot: &[AtomicU64]) -> Statistics {
    let count = |place: usize| slot[place].load(Relaxed);
    let name: Vec<u8> = (0..NAME_WORDS).flat_map(|place| count(place).to_le_bytes()).collect();
    Statistics {
        name: String::from_utf8_lossy(&name).trim_end().to_owned(),
        calls: count(word::CALLS),
        rows: count(word::ROWS),
        errors: count(word::ERRORS),
        timeouts: count(word::TIMEOUTS),
        time: Duration::from_nanos(count(word::NANOSECONDS)),
        loads: count(word::LOADS),
        load_time: Duration::from_nanos(count(word::LOAD_NANOSECONDS)),
        stages: std::array::from_fn(|index| count(word::STAGES + index)),
        runtimes: std::array::from_fn(|index| count(word::RUNTIMES + index)),
        buckets: std::array::from_fn(|index| count(word::BUCKETS + index)),
    }
}
