//! Sequence models inside a backend: what runs them.
//!
//! A GPU is for calls that score many accounts, and for whoever drains the queue or refreshes scores. Every other call of the same session is
//! answered by ONNX Runtime on the CPU. Where CUDA was asked for and is not to be had, the embedded runtime answers, and the session
//! is told so once.

use std::cell::{Cell, RefCell};

use botdet_models::sequence::{Cuda, EmbeddedRuntime, OnnxRuntime, Sequence, SequenceError, SequenceModel};

use crate::budget;
use crate::postgres::signals::with_signals_blocked;
use crate::postgres::wait;
use crate::settings::{self, ExecutionProvider};

/// Accounts from which a call is worth a GPU: below that, copying and starting kernels cost more than they save.
pub const FEWEST_FOR_CUDA: usize = 256;

thread_local! {
    /// Accounts of the batch in progress; 0 outside of batches.
    static BATCH: Cell<usize> = const { Cell::new(0) };
    static ABSENCE: RefCell<Option<Absence>> = const { RefCell::new(None) };
}

/// CUDA as the settings describe it, which is not to be had.
struct Absence {
    settings: (Option<String>, i32),
    /// What the session is to be told of it; `None` once it was.
    warning: Option<String>,
}

type Model = Box<dyn SequenceModel>;

/// Runs `work`, which scores so many accounts and may use a GPU for that.
pub fn as_batch<R>(accounts: usize, work: impl FnOnce() -> R) -> R {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            BATCH.set(0);
        }
    }
    BATCH.set(accounts);
    let _restore = Restore;
    work()
}

/// Whether a batch of so many accounts is one for a GPU, as far as is known.
pub fn is_for_cuda(accounts: usize) -> bool {
    accounts >= FEWEST_FOR_CUDA
        && settings::execution_provider() == ExecutionProvider::Cuda
        && !is_cuda_absent()
}

/// Whether the batch in progress is one for a GPU.
pub fn is_cuda_due() -> bool {
    is_for_cuda(BATCH.get())
}

/// Tells the session, once, that CUDA is not to be had. Nothing may be borrowed: a warning can end the call.
pub fn tell_of_absence() {
    let warning = ABSENCE.with_borrow_mut(|absence| absence.as_mut()?.warning.take());
    if let Some(warning) = warning {
        pgrx::warning!("{warning}");
    }
}

/// Opens a model with the runtime that the settings choose.
///
/// # Errors
/// [`SequenceError`] when the library or the model cannot be loaded.
pub fn open_sequence_model(onnx: &[u8]) -> Result<Model, SequenceError> {
    let model = open_on_cpu(onnx)?;
    Ok(Box::new(Served { onnx: onnx.to_vec(), model, cuda: None }))
}

fn open_on_cpu(onnx: &[u8]) -> Result<Model, SequenceError> {
    match (settings::execution_provider(), settings::onnxruntime_library()) {
        (ExecutionProvider::Embedded, _) | (ExecutionProvider::Auto, None) => open_embedded(onnx),
        (ExecutionProvider::Onnxruntime | ExecutionProvider::Auto, Some(library)) => {
            open_onnxruntime(&library, onnx, None)
        }
        (ExecutionProvider::Onnxruntime, None) => Err(no_library()),
        (ExecutionProvider::Cuda, _) if is_cuda_absent() => open_embedded(onnx),
        (ExecutionProvider::Cuda, None) => {
            note_absence(&no_library());
            open_embedded(onnx)
        }
        (ExecutionProvider::Cuda, Some(library)) => match open_onnxruntime(&library, onnx, None) {
            Err(error @ SequenceError::Library { .. }) => {
                note_absence(&error);
                open_embedded(onnx)
            }
            opened => opened,
        },
    }
}

fn no_library() -> SequenceError {
    SequenceError::Library {
        path: "botdet.onnxruntime_library".to_owned(),
        reason: "it is not set".to_owned(),
    }
}

// Both runtimes start threads. A signal delivered to one of them would run Postgres' handler there.

fn open_embedded(onnx: &[u8]) -> Result<Model, SequenceError> {
    with_signals_blocked(|| Ok(Box::new(EmbeddedRuntime::load(onnx)?) as Model))
}

fn open_onnxruntime(library: &str, onnx: &[u8], cuda: Option<Cuda>) -> Result<Model, SequenceError> {
    with_signals_blocked(|| Ok(Box::new(OnnxRuntime::load(library, onnx, cuda)?) as Model))
}

fn cuda_settings() -> (Option<String>, i32) {
    (settings::onnxruntime_library(), settings::device_id())
}

fn is_cuda_absent() -> bool {
    ABSENCE.with_borrow(|absence| absence.as_ref().is_some_and(|absence| absence.settings == cuda_settings()))
}

fn note_absence(error: &SequenceError) {
    let warning = format!(
        "CUDA is not to be had, and the embedded runtime answers in its place for this session: {error}"
    );
    ABSENCE.set(Some(Absence { settings: cuda_settings(), warning: Some(warning) }));
}

/// A model with everything that runs it in this session.
struct Served {
    onnx: Vec<u8>,
    /// Runs whatever a GPU does not.
    model: Model,
    cuda: Option<Model>,
}

impl Served {
    /// Opens the model on the GPU where that is due; what does without one from then on is the embedded runtime.
    fn prepare(&mut self) {
        if self.cuda.is_some() || !is_cuda_due() {
            return;
        }
        let (Some(library), device_id) = cuda_settings() else {
            return;
        };
        match open_onnxruntime(&library, &self.onnx, Some(Cuda { device_id })) {
            Ok(model) => self.cuda = Some(model),
            Err(error) => {
                note_absence(&error);
                // A model that this runtime refuses stays where it is.
                if let Ok(embedded) = open_embedded(&self.onnx) {
                    self.model = embedded;
                }
            }
        }
    }

    fn due(&mut self) -> &mut Model {
        match &mut self.cuda {
            Some(cuda) if is_cuda_due() => cuda,
            _ => &mut self.model,
        }
    }
}

impl SequenceModel for Served {
    fn runtime(&self) -> &'static str {
        match &self.cuda {
            Some(cuda) if is_cuda_due() => cuda.runtime(),
            _ => self.model.runtime(),
        }
    }

    fn logits(&mut self, rows: &[&Sequence]) -> Result<Vec<f32>, SequenceError> {
        let model = self.due();
        wait::as_extension(|| match settings::inference_timeout() {
            None => model.logits(rows),
            Some(limit) => budget::spend(limit, rows.len(), model.stop(), || model.logits(rows)),
        })
    }

    fn chunk(&mut self) -> usize {
        self.prepare();
        self.due().chunk()
    }
}
