//! How much of a campaign that no model was trained on is found, by settings of the sequence model.
//!
//! ```text
//! gru_unseen [SETTING=VALUE ...]
//!     strategies=amplifier,content_copier  those left out, one after the other; all of them by default
//!     accounts=3000 seed=1 hidden=64 layers=2 dropout=0.3 epochs=12 patience=10 batch=32 rate=0.001
//!     schedule=constant|cosine|plateau decay=0 smoothing=0 input=0 recurrent=0 thin=0 jitter=0 shift=0
//! ```
//!
//! Trains on simulated accounts, and on the same ones with their first events only, as `botdet evaluate` does but without a
//! server. Judges the left-out bots against the humans of another simulation, by the share above the score that 1 % of the
//! humans reach: of the filter, of the sequence model, of both together with the isolation forest, and
//! of the higher probability of this and the filter; then the bots of all
//! other strategies by both together. The loss is that of the sequence model in validation, at its best epoch.

use std::collections::HashMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::str::FromStr;

use botdet_loader::gru::{Augmentation, ClassWeights, GruConfig, GruNetwork, Schedule, TrainParams, train};
use botdet_loader::simulate::{SimulatedAccount, SimulatedEvent, Simulation, SimulationParams, Strategy};
use botdet_models::calibration::PlattCalibrator;
use botdet_models::event::{Action, Event};
use botdet_models::features::{FeatureVector, account_features};
use botdet_models::groups::{Duplicates, DuplicatesParams, Lockstep, LockstepParams, SharedKeys};
use botdet_models::hash::{hash_bytes, mix64};
use botdet_models::isolation_forest::{IsolationForest, IsolationForestParams};
use botdet_models::logistic::{Logistic, LogisticParams, Observations};
use botdet_models::metrics::{recall, threshold_at_false_positive_rate};
use botdet_models::network::Network;
use botdet_models::preprocess::Preprocessor;
use botdet_models::profile::Profile;
use botdet_models::sequence::{CHANNELS, Sequence};
use botdet_models::state::AccountState;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let options = Options::of(std::env::args().skip(1))?;
    let seed = options.number("seed", 1)?;
    let training = population(&options, seed)?;
    let judged = population(&options, seed + 1)?;
    let named: String = options.number("strategies", String::new())?;
    println!(
        "{:<20}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>8}",
        "left out", "filter", "sequence", "both", "either", "others", "loss", "epoch"
    );
    let mut sums = [0.0; 6];
    let mut count = 0.0;
    for strategy in Strategy::ALL {
        if !named.is_empty() && !named.split(',').any(|name| name == strategy.name()) {
            continue;
        }
        let (recalls, epoch) = leave_out(strategy, &training, &judged, &options)?;
        print_row(strategy.name(), recalls, &epoch.to_string());
        for (sum, recall) in sums.iter_mut().zip(recalls) {
            *sum += recall;
        }
        count += 1.0;
    }
    print_row("mean", sums.map(|sum| sum / count), "");
    Ok(())
}

fn print_row(name: &str, recalls: [f64; 6], epoch: &str) {
    let [filter, sequence, both, either, others, loss] = recalls;
    println!(
        "{name:<20}{filter:>10.3}{sequence:>10.3}{both:>10.3}{either:>10.3}{others:>10.3}{loss:>10.4}{epoch:>8}"
    );
}

/// Settings as they were given.
struct Options(HashMap<String, String>);

impl Options {
    fn of(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let pair = |argument: String| {
            let (name, value) = argument.split_once('=').ok_or("settings are NAME=VALUE")?;
            Ok((name.to_owned(), value.to_owned()))
        };
        Ok(Self(arguments.map(pair).collect::<Result<_>>()?))
    }

    fn number<T: FromStr<Err: Error + 'static>>(&self, name: &str, default: T) -> Result<T> {
        Ok(self.0.get(name).map(|value| value.parse()).transpose()?.unwrap_or(default))
    }

    fn shape(&self) -> Result<GruConfig> {
        let (hidden, layers) = (self.number("hidden", 64)?, self.number("layers", 2)?);
        Ok(GruConfig::new(CHANNELS, hidden, layers, self.number("dropout", 0.3)?)?)
    }

    fn params(&self) -> Result<TrainParams> {
        let schedule: String = self.number("schedule", "constant".to_owned())?;
        Ok(TrainParams {
            epochs: self.number("epochs", 12)?,
            patience: self.number("patience", 10)?,
            batch_size: self.number("batch", 32)?,
            learning_rate: self.number("rate", 1e-3)?,
            schedule: match schedule.as_str() {
                "cosine" => Schedule::WarmupCosine { warmup: 0.1, floor: 0.01 },
                "plateau" => Schedule::ReduceOnPlateau { factor: 0.5, patience: 1, floor: 0.01 },
                _ => Schedule::Constant,
            },
            weight_decay: self.number("decay", 0.0)?,
            label_smoothing: self.number("smoothing", 0.0)?,
            class_weights: ClassWeights::Balanced,
            input_dropout: self.number("input", 0.0)?,
            recurrent_dropout: self.number("recurrent", 0.0)?,
            augmentation: Augmentation {
                event_dropout: self.number("thin", 0.0)?,
                gap_jitter: self.number("jitter", 0.0)?,
                clock_shift: self.number("shift", 0.0)?,
            },
            seed: self.number("seed", 1)?,
            ..TrainParams::default()
        })
    }
}

/// An account, grown and younger.
struct Account {
    strategy: Option<Strategy>,
    is_bot: bool,
    /// Which fifth of its strategy it belongs to: three train, one validates.
    fifth: u64,
    features: FeatureVector,
    grown: Sequence,
    younger: Sequence,
}

fn population(options: &Options, seed: u64) -> Result<Vec<Account>> {
    let params =
        SimulationParams { accounts: options.number("accounts", 3000)?, seed, ..SimulationParams::default() };
    let simulation = Simulation::new(params.check()?);
    let accounts: Vec<SimulatedAccount> = simulation.accounts().collect();
    let events: Vec<Vec<SimulatedEvent>> =
        accounts.iter().map(|account| simulation.events_of(account.account_id)).collect();
    let networks = compare(&events)?;
    let mut population = Vec::new();
    for (account, events) in accounts.into_iter().zip(&events) {
        let state = state_of(events);
        let random = mix64(account.account_id as u64 ^ mix64(seed));
        // As many of its first events as `botdet evaluate` would show.
        let uniform = (random >> 11) as f64 / (1u64 << 53) as f64;
        let first = (events.len().max(1) as f64).powf(uniform) as usize;
        let younger = state_of(&events[..first.min(events.len())]);
        let network = networks.get(&account.account_id).copied().unwrap_or_default();
        let features = account_features(&state, &profile(&account), &network);
        if let (Some(grown), Some(younger)) = (Sequence::of(&state), Sequence::of(&younger)) {
            population.push(Account {
                strategy: account.strategy,
                is_bot: account.label,
                fifth: random % 5,
                features,
                grown,
                younger,
            });
        }
    }
    Ok(population)
}

fn state_of(events: &[SimulatedEvent]) -> AccountState {
    let mut state = AccountState::default();
    for event in events {
        state.observe(&Event {
            content: event.content.as_deref(),
            device: event.device.as_deref(),
            target: event.target.as_deref(),
            ip: event.ip,
            country: event.country,
            ..Event::new(event.occurred_at, Action::from_name(event.action))
        });
    }
    state
}

fn profile(account: &SimulatedAccount) -> Profile {
    let told = &account.profile;
    let filled = |text: &Option<String>| text.as_deref().map(Profile::is_filled);
    Profile {
        created_at: told.created_at,
        is_verified: told.is_verified,
        followers: told.followers,
        following: told.following,
        parts: [
            filled(&told.display_name),
            filled(&told.description),
            filled(&told.location),
            filled(&told.website),
            told.has_avatar,
        ],
    }
}

/// What the server finds by comparing accounts.
fn compare(events: &[Vec<SimulatedEvent>]) -> Result<HashMap<i64, Network>> {
    let mut lockstep = Lockstep::new(LockstepParams::default())?;
    let mut duplicates = Duplicates::new(DuplicatesParams::default())?;
    let (mut devices, mut addresses) = (SharedKeys::default(), SharedKeys::default());
    for (event, row) in events.iter().flatten().zip(0..) {
        let (id, at) = (event.account_id, event.occurred_at);
        if let Some(target) = &event.target {
            lockstep.add(id, at, hash_bytes(target.as_bytes()), row);
        }
        let passes_on = matches!(Action::from_name(event.action), Action::Repost | Action::Share);
        if let Some(content) = event.content.as_ref().filter(|_| !passes_on) {
            duplicates.add(id, at, content, row);
        }
        if let Some(device) = &event.device {
            devices.add(id, hash_bytes(device.as_bytes()));
        }
        if let Some(ip) = event.ip {
            addresses.add(id, hash_bytes(ip.to_string().as_bytes()));
        }
    }
    let (lockstep, duplicates) = (lockstep.find(), duplicates.find());
    let (devices, addresses) = (devices.degrees(), addresses.degrees());
    let mut rings: HashMap<i64, usize> = HashMap::new();
    for group in &lockstep.groups {
        rings.extend(group.members.iter().map(|member| (member.account_id, group.members.len() - 1)));
    }
    let ids = events.iter().filter_map(|events| Some(events.first()?.account_id));
    let network = |id: i64| Network {
        copied_rate: duplicates.copied_rate(id),
        copy_accounts: duplicates.of(id).map(|copies| f64::from(copies.copy_accounts)),
        shared_device_degree: devices.of(id).map(f64::from),
        shared_ip_degree: addresses.of(id).map(f64::from),
        lockstep_score: Some(lockstep.score(id)),
        lockstep_accounts: Some(rings.get(&id).map_or(0.0, |others| *others as f64)),
    };
    Ok(ids.map(|id| (id, network(id))).collect())
}

/// Recalls of the filter, the sequence model, and both, and the recall of all other strategies by both; the
/// lowest validation loss; the best epoch.
fn leave_out(
    strategy: Strategy,
    accounts: &[Account],
    judged: &[Account],
    options: &Options,
) -> Result<([f64; 6], usize)> {
    let seen = accounts.iter().filter(|account| account.strategy != Some(strategy));
    let (validation, training): (Vec<&Account>, Vec<&Account>) =
        seen.filter(|account| account.fifth < 4).partition(|account| account.fifth == 3);

    let features: Vec<FeatureVector> = training.iter().map(|account| account.features.clone()).collect();
    let preprocessor = Preprocessor::fit(&features);
    let inputs: Vec<f64> = features.iter().flat_map(|row| preprocessor.inputs(row)).collect();
    let targets: Vec<f64> = training.iter().map(|account| f64::from(account.is_bot)).collect();
    let share = targets.iter().sum::<f64>() / targets.len() as f64;
    let weights: Vec<f64> =
        targets.iter().map(|is_bot| 0.5 / if *is_bot == 1.0 { share } else { 1.0 - share }).collect();
    let observations = Observations { inputs: &inputs, targets: &targets, weights: &weights };
    let filter = Logistic::fit(observations, LogisticParams { l2: 10.0, ..LogisticParams::default() })?;
    let forest = IsolationForest::fit(&inputs, training.len(), IsolationForestParams::default())?;

    let settings = options.params()?.check()?;
    let (training, checked) = (sequences(&training), sequences(&validation));
    let mut go_on = |_: &_| ControlFlow::Continue(());
    let (network, history) = train(options.shape()?, &settings, &training, &checked, &mut go_on)?;

    let score = |accounts: &[&Account]| -> Result<Vec<[f64; 3]>> {
        let logits = logits(&network, accounts)?;
        let scored = accounts.iter().zip(logits).map(|(account, logit)| {
            let inputs = preprocessor.inputs(&account.features);
            [filter.logit(&inputs), logit, forest.score(&inputs)]
        });
        Ok(scored.collect())
    };
    let labels: Vec<bool> = validation.iter().map(|account| account.is_bot).collect();
    let scores = score(&validation)?;
    let calibrator = PlattCalibrator::fit(&scores.concat(), &labels)?;
    let first: Vec<f64> = scores.iter().map(|scores| scores[0]).collect();
    let alone = PlattCalibrator::fit(&first, &labels)?;
    let both = |scores: &[f64; 3]| calibrator.calibrate(scores).probability;
    let recalls = |belongs: &dyn Fn(Option<Strategy>) -> bool| -> Result<[f64; 4]> {
        let chosen: Vec<&Account> =
            judged.iter().filter(|account| !account.is_bot || belongs(account.strategy)).collect();
        let labels: Vec<bool> = chosen.iter().map(|account| account.is_bot).collect();
        let scores = score(&chosen)?;
        let recall_by = |by: &dyn Fn(&[f64; 3]) -> f64| {
            let scores: Vec<f64> = scores.iter().map(by).collect();
            let threshold = threshold_at_false_positive_rate(&scores, &labels, 0.01);
            recall(&scores, &labels, threshold).unwrap_or(f64::NAN)
        };
        Ok([
            recall_by(&|scores| scores[0]),
            recall_by(&|scores| scores[1]),
            recall_by(&both),
            recall_by(&|scores| both(scores).max(alone.calibrate(&scores[..1]).probability)),
        ])
    };
    let [by_filter, by_sequence, by_both, by_either] = recalls(&|of| of == Some(strategy))?;
    let [_, _, others, _] = recalls(&|of| of != Some(strategy))?;
    let loss = history.epochs[history.best_epoch - 1].validation_loss;
    Ok(([by_filter, by_sequence, by_both, by_either, others, loss], history.best_epoch))
}

fn sequences<'a>(accounts: &[&'a Account]) -> Vec<botdet_loader::gru::Sequence<'a>> {
    let both = accounts.iter().flat_map(|account| [(account, &account.grown), (account, &account.younger)]);
    both.map(|(account, sequence)| botdet_loader::gru::Sequence {
        steps: sequence.steps(),
        label: f32::from(account.is_bot),
        weight: 1.0,
    })
    .collect()
}

fn logits(network: &GruNetwork, accounts: &[&Account]) -> Result<Vec<f64>> {
    let steps: Vec<&[f32]> = accounts.iter().map(|account| account.grown.steps()).collect();
    Ok(network.logits(&steps)?.into_iter().map(f64::from).collect())
}
