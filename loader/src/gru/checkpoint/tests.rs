//! Runs that are interrupted, and files that are not what they should be.

use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;
use crate::gru::{
    Augmentation, ClassWeights, GruConfig, GruNetwork, Schedule, Sequence, Stop, TrainParams,
    TrainingHistory, train, train_with,
};

/// A folder that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("botdet-checkpoint-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the folder for temporary files can be written to");
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("run")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over is in nobody's way.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Forty sequences of events, and whether each is a bot.
fn drawn() -> Vec<(Vec<f32>, f32)> {
    (0..40_usize)
        .map(|index| {
            let length = 1 + index * 7 % 12;
            let steps = (0..16 * length).map(|at| ((at * (index + 3)) as f32 * 0.7).sin()).collect();
            (steps, f32::from(index.is_multiple_of(3)))
        })
        .collect()
}

fn sequences(drawn: &[(Vec<f32>, f32)]) -> Vec<Sequence<'_>> {
    drawn.iter().map(|(steps, label)| Sequence { steps, label: *label, weight: 1.0 }).collect()
}

/// With everything that a run may depend on.
fn params() -> TrainParams {
    TrainParams {
        epochs: 6,
        batch_size: 16,
        learning_rate: 0.01,
        schedule: Schedule::ReduceOnPlateau { factor: 0.5, patience: 0, floor: 0.01 },
        weight_decay: 0.1,
        label_smoothing: 0.1,
        class_weights: ClassWeights::Balanced,
        input_dropout: 0.1,
        recurrent_dropout: 0.2,
        augmentation: Augmentation { event_dropout: 0.2, gap_jitter: 0.1, clock_shift: 2.0 },
        seed: 9,
        ..TrainParams::default()
    }
}

fn shape() -> GruConfig {
    GruConfig::new(16, 4, 2, 0.2).expect("the shape is sound")
}

/// Trains on the drawn sequences, and stops after so many calls of the progress.
fn run(
    params: TrainParams,
    checkpoint: Option<&CheckpointFile>,
    calls: usize,
) -> Result<(GruNetwork, TrainingHistory), GruError> {
    let drawn = drawn();
    let sequences = sequences(&drawn);
    let (training, validation) = sequences.split_at(30);
    let settings = params.check()?;
    let mut called = 0;
    train_with(shape(), &settings, training, validation, checkpoint, &mut |_| {
        called += 1;
        if called >= calls { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

fn losses(history: &TrainingHistory) -> Vec<(f64, f64, bool)> {
    history.epochs.iter().map(|epoch| (epoch.training_loss, epoch.validation_loss, epoch.is_best)).collect()
}

fn resuming(path: &Path) -> CheckpointFile {
    CheckpointFile::new(path, Interval::Epochs(1), Existing::Resume).expect("the interval is sound")
}

#[test]
fn a_run_that_goes_on_ends_as_if_it_had_never_stopped() {
    let cosine = Schedule::WarmupCosine { warmup: 0.2, floor: 0.0 };
    for (name, schedule) in [("plateau", params().schedule), ("cosine", cosine)] {
        let params = TrainParams { schedule, ..params() };
        let (network, history) = run(params.clone(), None, 99).expect("trains");
        let folder = Folder::new(name);
        let file = resuming(&folder.file());
        for calls in [1, 2, 99] {
            let threads = calls;
            let part = run(TrainParams { threads, ..params.clone() }, Some(&file), calls).expect("trains");
            if calls < 99 {
                assert_eq!(part.1.stop, Stop::Cancelled);
                continue;
            }
            assert_eq!((&part.0, part.1.resumed_after), (&network, 3));
            assert_eq!(losses(&part.1), losses(&history));
            assert_eq!((part.1.best_epoch, part.1.stop), (history.best_epoch, history.stop));
        }
        // A run that has ended has nothing left to do.
        let (again, told) = run(params, Some(&file), 99).expect("reads");
        assert_eq!((&again, told.resumed_after, told.stop), (&network, history.epochs.len(), history.stop));
    }
}

#[test]
fn a_file_of_another_run_is_refused_and_kept() {
    let folder = Folder::new("other");
    let file = resuming(&folder.file());
    run(params(), Some(&file), 2).expect("trains");
    let saved = std::fs::read(file.path()).expect("is saved");

    let refusal = run(TrainParams { learning_rate: 0.02, ..params() }, Some(&file), 9).unwrap_err();
    let path = file.path().display();
    assert_eq!(refusal.to_string(), format!("checkpoint {path} was made with learning_rate 0.01, not 0.02"));
    let refusal = run(TrainParams { class_weights: ClassWeights::Given, ..params() }, Some(&file), 9);
    assert!(refusal.unwrap_err().to_string().ends_with("class_weights Balanced, not Given"));

    let mut drawn = drawn();
    drawn[33].0[5] += 0.5;
    let sequences = sequences(&drawn);
    let settings = params().check().expect("the settings are sound");
    let (training, validation) = sequences.split_at(30);
    let go_on = |_: &EpochReport| ControlFlow::Continue(());
    let refusal =
        train_with(shape(), &settings, training, validation, Some(&file), &mut { go_on }).unwrap_err();
    let expected = CheckpointError::OtherData { path: file.path().into(), set: "validation" };
    assert_eq!(refusal, GruError::Checkpoint(expected));
    assert_eq!(std::fs::read(file.path()).expect("is there"), saved);

    // Replacing it was asked for.
    let replacing = CheckpointFile::new(file.path(), Interval::Epochs(1), Existing::Replace).expect("sound");
    let (_, history) = run(TrainParams { seed: 1, ..params() }, Some(&replacing), 1).expect("trains");
    assert_eq!(history.resumed_after, 0);
    assert_ne!(std::fs::read(file.path()).expect("is there"), saved);
}

#[test]
fn a_damaged_file_is_refused() {
    let folder = Folder::new("damaged");
    let file = resuming(&folder.file());
    run(params(), Some(&file), 1).expect("trains");
    let saved = std::fs::read(file.path()).expect("is saved");
    let refusal = |bytes: &[u8]| {
        std::fs::write(file.path(), bytes).expect("can be written");
        match run(params(), Some(&file), 9).unwrap_err() {
            GruError::Checkpoint(error) => error,
            other => panic!("{other}"),
        }
    };
    for length in (0..saved.len()).step_by(97).chain([saved.len() - 1]) {
        let error = refusal(&saved[..length]);
        let foreign = length < MAGIC.len();
        assert_eq!(matches!(error, CheckpointError::Foreign { .. }), foreign, "{length}: {error}");
        assert_eq!(matches!(error, CheckpointError::Damaged { .. }), !foreign, "{length}: {error}");
    }
    for at in (MAGIC.len()..saved.len()).step_by(131) {
        let mut bytes = saved.clone();
        bytes[at] ^= 1;
        assert!(matches!(refusal(&bytes), CheckpointError::Damaged { .. }), "byte {at}");
    }
    let error = refusal(b"PNG, perhaps").to_string();
    assert!(error.ends_with("is not a checkpoint of this version"), "{error}");
    let longer = [saved.as_slice(), &[0]].concat();
    assert!(matches!(refusal(&longer), CheckpointError::Damaged { .. }));
}

#[test]
fn whatever_the_digest_vouches_for_is_checked_all_the_same() {
    let folder = Folder::new("vouched");
    let file = resuming(&folder.file());
    run(params(), Some(&file), 1).expect("trains");
    let saved = std::fs::read(file.path()).expect("is saved");
    let content = &saved[..saved.len() - DIGEST_LENGTH];
    // The settings one by one, the numbers here and there.
    for length in (MAGIC.len()..700).chain((700..content.len()).step_by(53)) {
        let bytes = [&content[..length], &Sha256::digest(&content[..length])[..]].concat();
        std::fs::write(file.path(), bytes).expect("can be written");
        let error = run(params(), Some(&file), 9).unwrap_err();
        assert!(matches!(error, GruError::Checkpoint(_)), "{length}: {error}");
    }
}

#[test]
fn intervals_and_paths_are_checked_before_training() {
    let error = CheckpointFile::new("run", Interval::Epochs(0), Existing::Resume).unwrap_err();
    assert_eq!(error.to_string(), "epochs between checkpoints must be at least 1, not 0");
    assert!(CheckpointFile::new("run", Interval::Seconds(f64::NAN), Existing::Resume).is_err());

    let folder = Folder::new("paths");
    for path in [folder.0.join("missing").join("run"), folder.0.clone()] {
        let mut called = 0;
        for existing in [Existing::Resume, Existing::Replace] {
            let file = CheckpointFile::new(&path, Interval::Epochs(1), existing).expect("sound");
            let drawn = drawn();
            let sequences = sequences(&drawn);
            let settings = params().check().expect("the settings are sound");
            let result = train_with(shape(), &settings, &sequences, &sequences, Some(&file), &mut |_| {
                called += 1;
                ControlFlow::Continue(())
            });
            let error = result.unwrap_err();
            assert!(matches!(error, GruError::Checkpoint(CheckpointError::File { .. })), "{error}");
        }
        assert_eq!(called, 0);
    }
}

#[test]
fn a_run_is_saved_as_often_as_asked_for() {
    let folder = Folder::new("often");
    let saved_after = |interval: Interval| {
        let file = CheckpointFile::new(folder.file(), interval, Existing::Replace).expect("sound");
        let drawn = drawn();
        let sequences = sequences(&drawn);
        let settings = TrainParams { patience: 9, ..params() }.check().expect("the settings are sound");
        let mut saved = Vec::new();
        let _ = std::fs::remove_file(folder.file());
        train_with(shape(), &settings, &sequences, &sequences, Some(&file), &mut |epoch| {
            // An epoch is saved after its progress is told.
            if std::fs::remove_file(folder.file()).is_ok() {
                saved.push(epoch.epoch - 1);
            }
            ControlFlow::Continue(())
        })
        .expect("trains");
        assert!(folder.file().exists(), "the end is saved");
        saved
    };
    assert_eq!(saved_after(Interval::Epochs(2)), [2, 4]);
    assert_eq!(saved_after(Interval::Epochs(100)), [0; 0]);
    assert_eq!(saved_after(Interval::Seconds(0.0)), [1, 2, 3, 4, 5]);
    assert_eq!(saved_after(Interval::Seconds(1e6)), [0; 0]);
}

/// What the child of the next test does: a long run, saved after each epoch.
const LONG: usize = 400;
const PATH: &str = "BOTDET_CHECKPOINT_TEST";

fn long_params() -> TrainParams {
    TrainParams { epochs: LONG, patience: LONG, ..params() }
}

#[test]
#[ignore = "run and killed by the test below"]
fn long_run() {
    let Some(path) = std::env::var_os(PATH) else {
        return;
    };
    run(long_params(), Some(&resuming(Path::new(&path))), usize::MAX).expect("trains");
}

fn length(file: &CheckpointFile) -> u64 {
    std::fs::metadata(file.path()).map_or(0, |file| file.len())
}

#[test]
fn a_run_killed_at_any_moment_goes_on_and_ends_the_same() {
    let folder = Folder::new("killed");
    let file = resuming(&folder.file());
    let mut reached = 0;
    for kill in 0..12 {
        let mut child = Command::new(std::env::current_exe().expect("has a name"))
            .args(["--exact", "gru::checkpoint::tests::long_run", "--ignored", "--test-threads=1"])
            .env(PATH, folder.file())
            .stdout(Stdio::null())
            .spawn()
            .expect("starts");
        // Once it has saved an epoch, which makes the file longer, it is killed in the midst of whatever it does next.
        let saved = length(&file);
        while length(&file) == saved && child.try_wait().expect("is watched").is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(kill * 719));
        child.kill().expect("can be killed");
        child.wait().expect("is gone");
        // Cancelled after one epoch more: had a half-written file been left, this would fail.
        let (_, history) = run(long_params(), Some(&file), 1).expect("goes on from what the kill left");
        assert!(history.epochs.len() > reached + 1 || history.epochs.len() == LONG);
        reached = history.epochs.len();
    }
    let (network, history) = run(long_params(), Some(&file), usize::MAX).expect("trains");
    let drawn = drawn();
    let sequences = sequences(&drawn);
    let settings = long_params().check().expect("the settings are sound");
    let mut go_on = |_: &EpochReport| ControlFlow::Continue(());
    let (uninterrupted, whole) =
        train(shape(), &settings, &sequences[..30], &sequences[30..], &mut go_on).expect("trains");
    assert_eq!(network, uninterrupted);
    assert_eq!(losses(&history), losses(&whole));
}
