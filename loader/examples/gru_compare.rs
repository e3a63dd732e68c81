//! The GRU trainer's half of a comparison with PyTorch; `tests/reference/gru_compare.py` is the other half and starts this.
//!
//! ```text
//! gru_compare simulate FOLDER ACCOUNTS                    writes labelled sequences of simulated accounts
//! gru_compare train FOLDER EPOCHS BATCH THREADS SEED      trains on a folder's sequences, writes validation logits
//! ```
//!
//! A folder holds, for `training` and `validation`, `SET.steps` (the values of all sequences), `SET.labels` (both 32-bit
//! floats) and `SET.lengths` (32-bit integers). Training prints, for each epoch, its losses and the processor's seconds.

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use botdet_loader::gru::{GruConfig, Sequence, TrainParams, train};
use botdet_loader::simulate::{SimulatedEvent, Simulation, SimulationParams};
use botdet_models::event::{Action, Event};
use botdet_models::sequence::CHANNELS;
use botdet_models::state::AccountState;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["simulate", folder, accounts] => simulate(Path::new(folder), accounts.parse()?),
        ["train", folder, epochs, batch, threads, seed] => {
            let params = TrainParams {
                epochs: epochs.parse()?,
                patience: epochs.parse()?,
                batch_size: batch.parse()?,
                threads: threads.parse()?,
                seed: seed.parse()?,
                ..TrainParams::default()
            };
            train_on(Path::new(folder), params)
        }
        _ => {
            Err("usage: gru_compare simulate FOLDER ACCOUNTS | train FOLDER EPOCHS BATCH THREADS SEED".into())
        }
    }
}

/// Sequences as a folder holds them.
#[derive(Default)]
struct Set {
    steps: Vec<f32>,
    lengths: Vec<u32>,
    labels: Vec<f32>,
}

impl Set {
    fn read(folder: &Path, name: &str) -> Result<Self> {
        let words = |part: &str| -> Result<Vec<[u8; 4]>> {
            Ok(fs::read(folder.join(format!("{name}.{part}")))?.as_chunks().0.to_vec())
        };
        Ok(Self {
            steps: words("steps")?.into_iter().map(f32::from_le_bytes).collect(),
            lengths: words("lengths")?.into_iter().map(u32::from_le_bytes).collect(),
            labels: words("labels")?.into_iter().map(f32::from_le_bytes).collect(),
        })
    }

    fn write(&self, folder: &Path, name: &str) -> Result<()> {
        let write = |part: &str, bytes: Vec<u8>| fs::write(folder.join(format!("{name}.{part}")), bytes);
        write("steps", self.steps.iter().flat_map(|value| value.to_le_bytes()).collect())?;
        write("lengths", self.lengths.iter().flat_map(|length| length.to_le_bytes()).collect())?;
        write("labels", self.labels.iter().flat_map(|label| label.to_le_bytes()).collect())?;
        Ok(())
    }

    fn sequences(&self) -> Vec<Sequence<'_>> {
        let mut left = self.steps.as_slice();
        let mut sequences = Vec::new();
        for (&length, &label) in self.lengths.iter().zip(&self.labels) {
            let (steps, rest) = left.split_at(length as usize * CHANNELS);
            left = rest;
            sequences.push(Sequence { steps, label, weight: 1.0 });
        }
        sequences
    }
}

/// Every fifth account is for validation.
fn simulate(folder: &Path, accounts: u32) -> Result<()> {
    let simulation = Simulation::new(SimulationParams { accounts, ..SimulationParams::default() }.check()?);
    let (mut training, mut validation) = (Set::default(), Set::default());
    for account in simulation.accounts() {
        let mut state = AccountState::default();
        for event in simulation.events_of(account.account_id) {
            state.observe(&observed(&event));
        }
        if let Some(sequence) = botdet_models::sequence::Sequence::of(&state) {
            let set = if account.account_id % 5 == 0 { &mut validation } else { &mut training };
            set.steps.extend(sequence.steps());
            set.lengths.push(sequence.len() as u32);
            set.labels.push(f32::from(account.label));
        }
    }
    fs::create_dir_all(folder)?;
    training.write(folder, "training")?;
    validation.write(folder, "validation")
}

fn observed(event: &SimulatedEvent) -> Event<'_> {
    Event {
        content: event.content.as_deref(),
        device: event.device.as_deref(),
        target: event.target.as_deref(),
        ip: event.ip,
        country: event.country,
        ..Event::new(event.occurred_at, Action::from_name(event.action))
    }
}

fn train_on(folder: &Path, params: TrainParams) -> Result<()> {
    let (training, validation) = (Set::read(folder, "training")?, Set::read(folder, "validation")?);
    let (training, validation) = (training.sequences(), validation.sequences());
    let config = GruConfig::new(CHANNELS, 64, 2, 0.3)?;
    let mut before = processor_seconds()?;
    let (network, _) = train(config, &params.check()?, &training, &validation, &mut |epoch| {
        let now = processor_seconds().unwrap_or(f64::NAN);
        println!(
            "epoch {} training {:.4} validation {:.4} processor {:.2} s wall {:.2} s",
            epoch.epoch,
            epoch.training_loss,
            epoch.validation_loss,
            now - before,
            epoch.seconds
        );
        before = now;
        ControlFlow::Continue(())
    })?;
    let steps: Vec<&[f32]> = validation.iter().map(|sequence| sequence.steps).collect();
    let logits = network.logits(&steps)?;
    let bytes: Vec<u8> = logits.iter().flat_map(|logit| logit.to_le_bytes()).collect();
    Ok(fs::write(folder.join("validation.logits"), bytes)?)
}

/// Seconds of all threads of this process so far, as Linux counts them: in hundredths.
fn processor_seconds() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/stat")?;
    let (_, numbers) = status.rsplit_once(')').ok_or("no status")?;
    let ticks = numbers.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<std::result::Result<f64, _>>()? / 100.0)
}
