//! Runs the recogniser: one prepared line in, log-probabilities of each step out.
//!
//! Every call computes on one thread of its own pool, and one line at a time, so that a result depends neither on the
//! number of threads nor on what else is being read. Callers get parallelism by calling from several threads.

use super::memo::Memo;
use crate::error::{Error, Result};
use rten::{Model, RunOptions, ThreadPool, Value};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// Height of the network's input in pixels.
pub(super) const INPUT_HEIGHT: usize = 32;
/// Input columns for each step of the output.
pub(super) const STEP_PX: usize = 4;

/// Values of [`Steps`] that are remembered at most: 32 MiB of them.
const MEMO_VALUES: usize = 8 << 20;

/// Log-probabilities of one line: `steps` rows of `classes` values, class 0 is the blank.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steps {
    pub classes: usize,
    pub log_probs: Vec<f32>,
}

impl Steps {
    /// The rows, one a step.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &[f32]> + ExactSizeIterator {
        self.log_probs.chunks_exact(self.classes.max(1))
    }
}

/// The loaded network.
pub(super) struct Engine {
    model: Model,
    classes: usize,
    /// Pools of one thread each, as many as callers were ever inside at once.
    idle: Mutex<Vec<Arc<ThreadPool>>>,
    /// What was read lately, where that is wanted.
    memo: Option<Memo<Steps>>,
}

impl Engine {
    /// Loads a network and checks its form with a blank line.
    ///
    /// # Errors
    /// [`Error::Model`] if the bytes are no network or it is not one for `classes` classes.
    pub fn new(model: &[u8], classes: usize) -> Result<Self> {
        let model = Model::load(model.to_vec())
            .map_err(|e| Error::Model(format!("the reader model cannot be loaded: {e}")))?;
        let engine = Engine {
            model,
            classes,
            idle: Mutex::new(Vec::new()),
            memo: None,
        };
        let width = 8 * STEP_PX;
        match engine.run(&vec![0; INPUT_HEIGHT * width], width) {
            Some(steps) if steps.rows().len() == width / STEP_PX => Ok(engine),
            _ => Err(Error::Model(format!(
                "the reader model does not give {classes} classes for every {STEP_PX} columns of a line {INPUT_HEIGHT} high"
            ))),
        }
    }

    /// From now on, equal pictures that come soon after one another go through the network once.
    pub fn remember(&mut self) {
        self.memo = Some(Memo::new(MEMO_VALUES));
    }

    /// What the network says of a picture of [`INPUT_HEIGHT`] × `width` grey values (a multiple of [`STEP_PX`]). `None` if it
    /// fails or gives something other than one row a step.
    pub fn run(&self, pixels: &[u8], width: usize) -> Option<Arc<Steps>> {
        let compute = || self.compute(pixels, width);
        let weight = width / STEP_PX * self.classes;
        match &self.memo {
            Some(memo) => memo.recall(pixels, weight, compute),
            None => compute().map(Arc::new),
        }
    }

    fn compute(&self, pixels: &[u8], width: usize) -> Option<Steps> {
        let values: Vec<f32> = pixels.iter().map(|&v| f32::from(v) / 255.0 - 0.5).collect();
        let input = NdTensor::try_from_data([1, 1, INPUT_HEIGHT, width], values).ok()?;
        let pool = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let pool = pool.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1)));
        let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
        // The caller waits in a plain join: entering the pool from a worker of another one would let that worker steal
        // whole other jobs while it waits, as deep as the stack goes.
        let output = std::thread::scope(|scope| {
            scope
                .spawn(|| self.model.run_one(input.view().into(), Some(options)))
                .join()
        });
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(pool);
        self.check(output.ok()?.ok()?, width)
    }

    fn check(&self, output: Value, width: usize) -> Option<Steps> {
        let output: NdTensor<f32, 3> = output.try_into().ok()?;
        if output.shape() != [width / STEP_PX, 1, self.classes] {
            return None;
        }
        let log_probs = output.into_data();
        log_probs.iter().all(|v| !v.is_nan()).then_some(Steps {
            classes: self.classes,
            log_probs,
        })
    }
}
