//! Settings found by trying.

use std::ops::ControlFlow;
use std::time::Instant;

use botdet_models::hash::mix64;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use super::error::within;
use super::{Fold, FoldFigures, Space, ValidationError, cross_validate};
use crate::zoo::{Learner, Sample, Session, ZooError};

/// Each rung keeps one in so many of the settings, and gives each so many times the rows.
const REDUCTION: usize = 3;
/// Settings that begin together where time is the budget.
const BRACKET: usize = 9;
const NAME: &str = "search";

/// When a search ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// After so many settings were drawn; the result depends on the seed alone.
    Trials(usize),
    /// When so many seconds are over: then no settings are tried any more, unless none could be used so far.
    Seconds(f64),
}

/// What makes settings better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// High ROC-AUC.
    RocAuc,
    /// High average precision.
    AveragePrecision,
    /// Low log loss.
    LogLoss,
}

/// Settings of [`SearchConfig`], not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct SearchParams {
    /// When to end.
    pub budget: Budget,
    /// What to look for.
    pub objective: Objective,
    /// Rungs: with 3, settings are tried first on a ninth of the rows, then on a third, then on all; with 1 it is a
    /// random search.
    pub rungs: usize,
}

impl Default for SearchParams {
    fn default() -> Self {
        Self { budget: Budget::Trials(27), objective: Objective::RocAuc, rungs: 3 }
    }
}

/// Settings of a search.
#[derive(Clone, Copy, Debug)]
pub struct SearchConfig(SearchParams);

/// Makes a learner of values, in the order of the space's dimensions.
pub type Build<'a> = dyn Fn(&[f64]) -> Result<Box<dyn Learner>, ZooError> + 'a;

/// Settings that were tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Which settings of those drawn: the same on every rung.
    pub candidate: usize,
    /// Values, in the order of the space's dimensions.
    pub values: Vec<f64>,
    /// Share of the training rows that were learned from.
    pub share: f64,
    /// Mean of the objective over folds, the higher the better (log loss has its sign changed); or why there is none.
    pub score: Result<f64, String>,
    /// Figures of each fold.
    pub folds: Vec<FoldFigures>,
    /// Seconds it took.
    pub seconds: f64,
}

/// All that was tried, and what was best.
#[derive(Clone, Debug)]
pub struct Search {
    /// In the order tried.
    pub trials: Vec<Trial>,
    /// Index of the best trial among those on the most rows.
    pub best: usize,
}

impl SearchParams {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ValidationError::Setting`] when one is out of bounds.
    pub fn check(self) -> Result<SearchConfig, ValidationError> {
        match self.budget {
            Budget::Trials(trials) => within("search trials", trials as f64, 1.0, 1e6)?,
            Budget::Seconds(seconds) => within("search seconds", seconds, 0.0, 1e7)?,
        }
        within("search rungs", self.rungs as f64, 1.0, 6.0)?;
        Ok(SearchConfig(self))
    }
}

/// Random search with successive halving (Jamieson & Talwalkar, "Non-stochastic best arm identification and
/// hyperparameter optimization", AISTATS 2016). Settings are drawn at random and judged by cross-validation on a
/// share of each fold's training rows (the same rows for all); the best third go on to three times the rows, up to
/// all of them. Settings that cannot be used are reported as such and go no further.
///
/// # Errors
/// [`ValidationError::NoTrial`] when no settings could be used; [`ValidationError::Learning`] when whoever watches
/// has ended it.
pub fn search(
    config: SearchConfig,
    space: &Space,
    build: &Build<'_>,
    sample: Sample<'_>,
    folds: &[Fold],
    session: &mut Session<'_>,
) -> Result<Search, ValidationError> {
    let SearchParams { budget, objective, rungs } = config.0;
    let mut running = Running {
        build,
        sample,
        folds,
        objective,
        trials: Vec::new(),
        budget,
        began: Instant::now(),
        planned: planned(budget, rungs),
    };
    let mut random = ChaCha12Rng::seed_from_u64(session.seed);
    let bracket = match budget {
        Budget::Trials(trials) => trials,
        Budget::Seconds(_) => BRACKET,
    };
    let mut drawn = 0;
    while drawn == 0 || matches!(budget, Budget::Seconds(_)) && !running.is_over() {
        let candidates: Vec<_> =
            (drawn..drawn + bracket).map(|index| (index, space.draw(&mut random))).collect();
        drawn += bracket;
        running.halve(candidates, rungs, session)?;
    }
    running.finish()
}

/// A search under way.
struct Running<'a> {
    build: &'a Build<'a>,
    sample: Sample<'a>,
    folds: &'a [Fold],
    objective: Objective,
    trials: Vec<Trial>,
    budget: Budget,
    began: Instant,
    planned: usize,
}

impl Running<'_> {
    /// Tries candidates, and the better ones again on more rows.
    fn halve(
        &mut self,
        mut candidates: Vec<(usize, Vec<f64>)>,
        rungs: usize,
        session: &mut Session<'_>,
    ) -> Result<(), ValidationError> {
        for rung in 0..rungs {
            let share = (REDUCTION as f64).powi(rung as i32 + 1 - rungs as i32);
            let folds: Vec<Fold> =
                self.folds.iter().map(|fold| thinned(fold, self.sample, share, session.seed)).collect();
            let mut judged = Vec::with_capacity(candidates.len());
            for (candidate, values) in candidates {
                if self.is_over() && self.has_result() {
                    return Ok(());
                }
                let trial = self.attempt(candidate, values, share, &folds, session)?;
                if let Ok(score) = trial.score {
                    judged.push((score, candidate, trial.values.clone()));
                }
                self.trials.push(trial);
            }
            judged.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            judged.truncate(judged.len().div_ceil(REDUCTION));
            candidates = judged.into_iter().map(|(_, candidate, values)| (candidate, values)).collect();
        }
        Ok(())
    }

    fn attempt(
        &self,
        candidate: usize,
        values: Vec<f64>,
        share: f64,
        folds: &[Fold],
        session: &mut Session<'_>,
    ) -> Result<Trial, ValidationError> {
        let began = Instant::now();
        let done = self.done();
        let step = 1.0 / self.planned as f64;
        let outer = &mut *session.progress;
        let mut progress = |share: f64| -> ControlFlow<()> { outer((done + step * share).min(1.0)) };
        let mut own = Session { seed: session.seed, threads: session.threads, progress: &mut progress };
        let validated = (self.build)(&values)
            .and_then(|learner| cross_validate(learner.as_ref(), self.sample, folds, &mut own));
        let (score, folds) = match validated {
            Ok(validated) => {
                let score = validated.mean(|figures| self.objective.of(figures));
                (score.ok_or_else(|| "no fold has both classes".to_owned()), validated.folds)
            }
            Err(ZooError::Cancelled(_)) => return Err(ZooError::Cancelled(NAME).into()),
            Err(error) => (Err(error.to_string()), Vec::new()),
        };
        Ok(Trial { candidate, values, share, score, folds, seconds: began.elapsed().as_secs_f64() })
    }

    fn is_over(&self) -> bool {
        match self.budget {
            Budget::Trials(_) => false,
            Budget::Seconds(seconds) => self.began.elapsed().as_secs_f64() >= seconds,
        }
    }

    fn has_result(&self) -> bool {
        self.trials.iter().any(|trial| trial.score.is_ok())
    }

    fn done(&self) -> f64 {
        match self.budget {
            Budget::Trials(_) => self.trials.len() as f64 / self.planned as f64,
            Budget::Seconds(seconds) => (self.began.elapsed().as_secs_f64() / seconds.max(1e-9)).min(1.0),
        }
    }

    fn finish(self) -> Result<Search, ValidationError> {
        let worth = |trial: &Trial| trial.score.as_ref().ok().map(|score| (trial.share, *score));
        let mut best: Option<(usize, (f64, f64))> = None;
        for (index, trial) in self.trials.iter().enumerate() {
            if let Some(worth) = worth(trial)
                && best.is_none_or(|(_, best)| worth > best)
            {
                best = Some((index, worth));
            }
        }
        match best {
            Some((best, _)) => Ok(Search { trials: self.trials, best }),
            None => {
                let last = self.trials.last().and_then(|trial| trial.score.as_ref().err().cloned());
                Err(ValidationError::NoTrial(self.trials.len(), last.unwrap_or_default()))
            }
        }
    }
}

impl Objective {
    fn of(self, figures: &FoldFigures) -> Option<f64> {
        match self {
            Self::RocAuc => figures.roc_auc,
            Self::AveragePrecision => figures.average_precision,
            Self::LogLoss => figures.log_loss.map(|loss| -loss),
        }
    }
}

/// Trials that a search makes at most.
fn planned(budget: Budget, rungs: usize) -> usize {
    let mut rung = match budget {
        Budget::Trials(trials) => trials,
        Budget::Seconds(_) => BRACKET,
    };
    let mut all = 0;
    for _ in 0..rungs {
        all += rung;
        rung = rung.div_ceil(REDUCTION);
    }
    all
}

/// A fold with a share of its training rows, of both classes alike; at least one of each class that is there.
fn thinned(fold: &Fold, sample: Sample<'_>, share: f64, seed: u64) -> Fold {
    if share >= 1.0 {
        return fold.clone();
    }
    let mut training = Vec::new();
    for class in [false, true] {
        let mut rows: Vec<usize> =
            fold.training.iter().copied().filter(|row| sample.labels()[*row] == class).collect();
        rows.sort_by_key(|row| (mix64(*row as u64 ^ seed), *row));
        rows.truncate((rows.len() as f64 * share).ceil() as usize);
        training.extend(rows);
    }
    training.sort_unstable();
    Fold { training, testing: fold.testing.clone() }
}
