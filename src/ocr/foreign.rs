//! A site's own recogniser, in the form that `ocrs` uses: a network in rten's format that gives log-probabilities.
//!
//! Floating-point work: another kind of CPU may differ in the last digit of a confidence. Every call computes on one thread
//! of its own pool, so that a result does not depend on the number of threads.

use super::likely::Steps;
use super::{INPUT_HEIGHT, STEP_PX};
use crate::error::{Error, Result};
use rten::{Model, RunOptions, ThreadPool, Value};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// The loaded network.
pub(super) struct ForeignNet {
    model: Model,
    classes: usize,
    /// Pools of one thread each, as many as callers were ever inside at once.
    idle: Mutex<Vec<Arc<ThreadPool>>>,
}

impl ForeignNet {
    /// Loads a network and checks its form with a blank line.
    ///
    /// # Errors
    /// [`Error::Model`] if the bytes are no network or it is not one for `classes` classes.
    pub fn new(model: &[u8], classes: usize) -> Result<Self> {
        let model = Model::load(model.to_vec())
            .map_err(|e| Error::Model(format!("the reader model cannot be loaded: {e}")))?;
        let net = ForeignNet {
            model,
            classes,
            idle: Mutex::new(Vec::new()),
        };
        let width = 8 * STEP_PX;
        match net.steps(&vec![0; INPUT_HEIGHT * width], width) {
            Some(steps) if steps.rows().len() == width / STEP_PX => Ok(net),
            _ => Err(Error::Model(format!(
                "the reader model does not give {classes} classes for every {STEP_PX} columns of a line {INPUT_HEIGHT} high"
            ))),
        }
    }

    /// What the network says of a line; `None` if it fails or gives something other than one row a step.
    pub fn steps(&self, pixels: &[u8], width: usize) -> Option<Steps> {
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
        log_probs.iter().all(|v| !v.is_nan()).then(|| Steps {
            classes: self.classes,
            probabilities: log_probs.iter().map(|v| v.exp()).collect(),
        })
    }
}
