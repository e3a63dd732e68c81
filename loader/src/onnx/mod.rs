//! Writing networks as ONNX models, which ONNX Runtime and rten load.

mod gru;
mod proto;

pub use gru::gru_model;
