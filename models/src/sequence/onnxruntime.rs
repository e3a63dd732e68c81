//! ONNX Runtime, from a shared library chosen at run time.
//!
//! On the CPU a session has one thread, an arena, and no memory patterns, which are kept for each shape there ever was. The arena ends up
//! as large as the largest chunk needs, and a backend's memory does not grow with what it has scored. (Measured over 3,000 chunks with
//! version 1.31: 13 to 14 MB; without an arena 15 to 30 MB and rising, with one that is shrunk after each run 30 to 600 MB.) On CUDA (NVIDIA's GPUs; the library then has to be a build with that provider, and its own libraries
//! have to be found by the loader) the arena on the device is bounded, grows by what is asked for, and is shrunk after each run; rows
//! are run in chunks of [`CUDA_CHUNK`], since a GPU is idle most of the time with fewer. Both take the same graph: CUDA's GRU
//! honours lengths, and always resets after the multiplication, as our exporter writes it.
//!
//! The way to CUDA is built and its absence is tested; it has not been run on a GPU.

use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep::{ArenaExtendStrategy, CUDA, ExecutionProvider, ExecutionProviderDispatch};
use ort::session::{RunOptions, Session};
use ort::value::TensorRef;

use super::{CHANNELS, CHUNK, Sequence, SequenceError, SequenceModel, Stop, by_length, checked};

const RUNTIME: &str = "ONNX Runtime";
/// Rows that are run at once on a GPU.
pub const CUDA_CHUNK: usize = 1_024;
/// Memory on the device that a session's arena may take: a chunk of sequences of 128 events through layers of 256 needs a tenth of it.
const CUDA_MEMORY_BYTES: usize = 1 << 30;

/// A process has one environment, and keeps the library that it was made with: the library's path, and the environment.
static ENVIRONMENT: Mutex<Option<(String, Environment)>> = Mutex::new(None);

/// An NVIDIA GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuda {
    /// Its number, as CUDA counts.
    pub device_id: i32,
}

/// A sequence model run by ONNX Runtime: on one thread of the CPU, or on a GPU.
pub struct OnnxRuntime {
    session: Session,
    options: Arc<RunOptions>,
    has_lengths: bool,
    cuda: Option<Cuda>,
}

impl OnnxRuntime {
    /// Loads the library, once per process, and a model from the bytes of an ONNX file. Starts threads: a Postgres
    /// backend must block signals meanwhile.
    ///
    /// # Errors
    /// [`SequenceError::Library`] when the library is not there or not one, or lacks what `cuda` needs;
    /// [`SequenceError::Model`] when it refuses the model.
    pub fn load(library: &str, onnx: &[u8], cuda: Option<Cuda>) -> Result<Self, SequenceError> {
        let no_library = |reason| SequenceError::Library { path: library.to_owned(), reason };
        let environment = environment(library).map_err(no_library)?;
        let providers: Vec<ExecutionProviderDispatch> =
            cuda.map(cuda_provider).transpose().map_err(no_library)?.into_iter().collect();
        let builder = Session::builder(&environment)
            .and_then(|builder| Ok(builder.with_intra_threads(1)?))
            .and_then(|builder| Ok(builder.with_memory_pattern(false)?))
            .and_then(|builder| Ok(builder.with_execution_providers(providers)?));
        let mut builder = builder.map_err(|error| no_library(error.to_string()))?;
        let refused =
            |error: ort::Error| SequenceError::Model { runtime: RUNTIME, reason: error.to_string() };
        let session = builder.commit_from_memory(onnx).map_err(refused)?;
        let options = run_options(cuda).map_err(refused)?;
        let has_lengths = session.inputs().iter().any(|input| input.name() == "lengths");
        Ok(Self { session, options: Arc::new(options), has_lengths, cuda })
    }

    fn run(&mut self, rows: &[&Sequence]) -> Result<Vec<f32>, SequenceError> {
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let mut padded = vec![0.0f32; rows.len() * longest * CHANNELS];
        for (row, space) in rows.iter().zip(padded.chunks_mut((longest * CHANNELS).max(1))) {
            space[..row.steps().len()].copy_from_slice(row.steps());
        }
        let lengths: Vec<i32> = rows.iter().map(|row| row.len() as i32).collect();
        let failed = |error: ort::Error| SequenceError::Run { runtime: RUNTIME, reason: error.to_string() };
        let sequences = TensorRef::from_array_view(([rows.len(), longest, CHANNELS], padded.as_slice()))
            .map_err(failed)?;
        let lengths = TensorRef::from_array_view(([rows.len()], lengths.as_slice())).map_err(failed)?;
        let mut inputs = ort::inputs!["sequences" => sequences];
        if self.has_lengths {
            inputs.extend(ort::inputs!["lengths" => lengths]);
        }
        self.options.unterminate().map_err(failed)?;
        let outputs = self.session.run_with_options(inputs, &*self.options).map_err(failed)?;
        let output = outputs.get("logit").ok_or_else(|| SequenceError::Run {
            runtime: RUNTIME,
            reason: "it has no output logit".to_owned(),
        })?;
        let (_, logits) = output.try_extract_tensor::<f32>().map_err(failed)?;
        checked(RUNTIME, rows.len(), logits.to_vec())
    }
}

/// The process' environment.
fn environment(library: &str) -> Result<Environment, String> {
    let mut known = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    match &*known {
        Some((path, environment)) if path == library => return Ok(environment.clone()),
        Some((path, _)) => return Err(format!("this session has loaded {path} already, and keeps it")),
        None => {}
    }
    check_library(library)?;
    let builder = ort::init_from(library).map_err(|error| error.to_string())?;
    let environment = builder.with_name("botdet").build().map_err(|error| error.to_string())?;
    *known = Some((library.to_owned(), environment.clone()));
    Ok(environment)
}

fn cuda_provider(cuda: Cuda) -> Result<ExecutionProviderDispatch, String> {
    match CUDA::is_available() {
        Ok(true) => {}
        Ok(false) => return Err("it was built without the CUDA provider".to_owned()),
        Err(error) => return Err(error.to_string()),
    }
    let provider = CUDA::default()
        .with_device_id(cuda.device_id)
        .with_memory_limit(CUDA_MEMORY_BYTES)
        .with_arena_extend_strategy(ArenaExtendStrategy::SameAsRequested)
        .with_tf32(false);
    Ok(provider.build().error_on_failure())
}

fn run_options(cuda: Option<Cuda>) -> ort::Result<RunOptions> {
    let mut options = RunOptions::new()?;
    if let Some(Cuda { device_id }) = cuda {
        options.set("memory.enable_memory_arena_shrinkage", format!("gpu:{device_id}"))?;
    }
    Ok(options)
}

/// Whether a file is a library with ONNX Runtime's entry point. `ort` takes that for granted, panics where it is missing, and
/// keeps the wrong library for the rest of the process.
#[expect(unsafe_code, reason = "loading a library runs its initialisers")]
fn check_library(path: &str) -> Result<(), String> {
    // SAFETY: whoever names the library vouches for its initialisers; in Postgres only superusers may.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| error.to_string())?;
    // SAFETY: the symbol's address is not used.
    let entry_point = unsafe { library.get::<*const ()>(b"OrtGetApiBase") };
    entry_point.map(|_| ()).map_err(|_| "it is not ONNX Runtime: it has no OrtGetApiBase".to_owned())?;
    // It stays loaded, for `ort` to find.
    std::mem::forget(library);
    Ok(())
}

impl SequenceModel for OnnxRuntime {
    fn runtime(&self) -> &'static str {
        if self.cuda.is_some() { "cuda" } else { "onnxruntime" }
    }

    fn logits(&mut self, rows: &[&Sequence]) -> Result<Vec<f32>, SequenceError> {
        if self.has_lengths { self.run(rows) } else { by_length(rows, |alike| self.run(alike)) }
    }

    fn chunk(&mut self) -> usize {
        if self.cuda.is_some() { CUDA_CHUNK } else { CHUNK }
    }

    fn stop(&self) -> Option<Stop> {
        let options = Arc::clone(&self.options);
        // The run ends by itself when it cannot be told to.
        Some(Box::new(move || drop(options.terminate())))
    }
}
