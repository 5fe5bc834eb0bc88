//! The network on one adapter: device, pipelines, batches in and packed levels out.

use super::GpuError;
use super::adapter::{self, Choice};
use super::plan::{Layout, Plan};
use crate::frame::Gray;
use crate::stage::constants::{self, Place};
use crate::stage::{self, Declaration, Layer, levels};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use wgpu::{BindGroup, Buffer, BufferUsages};

/// A device that has not answered a batch after this many seconds counts as lost.
pub const TIMEOUT_S: u64 = 120;
/// Largest picture that goes through untiled, px: bounds device memory.
const MAX_PICTURE_PX: u64 = 8 << 20;
/// Sizes whose buffers are kept.
const KEPT_PLANS: usize = 2;

/// The compute stages, in the order of [`stage::SHADERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    Stem,
    Depthwise,
    Pointwise,
    Levels,
}

/// What the device said about itself since it was opened.
#[derive(Default)]
struct Health {
    lost: Option<String>,
    out_of_memory: bool,
}

/// Device and what all plans share.
pub(super) struct Shared {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub constants: Buffer,
    pipelines: Vec<wgpu::ComputePipeline>,
}

impl Shared {
    pub fn pipeline(&self, kernel: Kernel) -> &wgpu::ComputePipeline {
        &self.pipelines[kernel as usize]
    }

    /// A bind group of whole buffers at bindings 0, 1, ….
    pub fn bind(&self, kernel: Kernel, buffers: &[&Buffer]) -> BindGroup {
        let entries: Vec<wgpu::BindGroupEntry> = buffers
            .iter()
            .enumerate()
            .map(|(i, b)| wgpu::BindGroupEntry {
                binding: i as u32,
                resource: b.as_entire_binding(),
            })
            .collect();
        self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.pipeline(kernel).get_bind_group_layout(0),
            entries: &entries,
        })
    }
}

/// The network on one adapter.
pub struct Engine {
    shared: Shared,
    layers: Vec<Layer>,
    places: Vec<Place>,
    limits: wgpu::Limits,
    name: String,
    health: Arc<Mutex<Health>>,
    /// Buffers of the latest sizes, latest last. Also serialises batches.
    plans: Mutex<Vec<Plan>>,
}

impl Engine {
    /// Opens the adapter that the choice takes and loads the network.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`] if none fits; [`GpuError::Lost`] if the one that fits does not start.
    pub fn open(choice: Choice, layers: &[Layer]) -> Result<Engine, GpuError> {
        let adapter = adapter::find(choice)?;
        let info = adapter.get_info();
        let limits = adapter.limits();
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("unburn"),
            required_limits: limits.clone(),
            ..Default::default()
        });
        let (device, queue) =
            pollster::block_on(request).map_err(|e| GpuError::Lost(e.to_string()))?;
        let health = Arc::new(Mutex::new(Health::default()));
        watch(&device, &health);
        let (words, places) = constants::pack(layers);
        let constants = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("constants"),
            size: 4 * words.len().max(1) as u64,
            usage: BufferUsages::STORAGE | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        queue.write_buffer(&constants, 0, bytemuck::cast_slice(&words));
        let pipelines = stage::SHADERS
            .iter()
            .map(|s| pipeline(&device, s))
            .collect();
        let engine = Engine {
            shared: Shared {
                device,
                queue,
                constants,
                pipelines,
            },
            layers: layers.to_vec(),
            places,
            limits,
            name: format!("{} ({})", info.name, info.backend.to_str()),
            health,
            plans: Mutex::default(),
        };
        engine.check()?;
        Ok(engine)
    }

    /// The adapter's name and interface, for reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the device is of no more use.
    pub fn is_lost(&self) -> bool {
        self.health.lock().map_or(true, |h| h.lost.is_some())
    }

    /// Largest picture that [`Engine::levels`] takes, px; larger ones have to be cut into tiles.
    pub fn max_picture_px(&self) -> u64 {
        let binding = self
            .limits
            .max_storage_buffer_binding_size
            .min(self.limits.max_buffer_size);
        let cells = u64::from(self.limits.max_compute_workgroups_per_dimension)
            * u64::from(stage::pointwise::WORKGROUP[0]);
        // The largest maps have half the picture's sides; their channels are bytes. Padding adds at most 15 px a side,
        // for which half the limit is left.
        let channels = self.layers.iter().map(|l| l.outputs.next_multiple_of(4));
        let channels = channels.max().unwrap_or(4) as u64;
        MAX_PICTURE_PX
            .min(binding * 4 / channels / 2)
            .min(cells * 2)
    }

    /// Packed levels ([`levels::unpack`]) of pictures of one size, in their order.
    ///
    /// # Errors
    /// Any [`GpuError`]; after [`GpuError::Lost`] the engine is of no more use.
    pub fn levels(
        &self,
        pictures: &[&Gray],
        region: [u8; 3],
        core: [u8; 3],
    ) -> Result<Vec<Vec<u32>>, GpuError> {
        let Some(first) = pictures.first() else {
            return Ok(Vec::new());
        };
        if pictures
            .iter()
            .any(|p| (p.width, p.height) != (first.width, first.height))
        {
            return Err(GpuError::TooLarge("pictures of different sizes".into()));
        }
        let mut plans = self
            .plans
            .lock()
            .map_err(|_| GpuError::Lost("an earlier batch broke off".into()))?;
        self.check()?;
        let result = self.levels_with(&mut plans, pictures, region, core);
        if result.is_err() {
            // Buffers of a failed batch may be invalid.
            plans.clear();
        }
        result
    }

    fn levels_with(
        &self,
        plans: &mut Vec<Plan>,
        pictures: &[&Gray],
        region: [u8; 3],
        core: [u8; 3],
    ) -> Result<Vec<Vec<u32>>, GpuError> {
        let plan = self.plan(plans, pictures[0], pictures.len())?;
        let wide = |t: [u8; 3]| [t[0], t[1], t[2], 255].map(u32::from);
        let params = levels::Params {
            cells: plan.layout.cells(),
            words: plan.layout.packed_words(),
            pad: [0; 2],
            region: wide(region),
            core: wide(core),
        };
        let queue = &self.shared.queue;
        queue.write_buffer(&plan.levels, 0, bytemuck::bytes_of(&params));
        let mut out = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(plan.capacity as usize) {
            for (i, p) in batch.iter().enumerate() {
                let at = 4 * plan.layout.picture_words() * i as u64;
                if p.width.is_multiple_of(4) {
                    queue.write_buffer(&plan.pictures, at, &p.data);
                } else {
                    queue.write_buffer(&plan.pictures, at, &aligned_rows(p));
                }
            }
            let n = batch.len() as u32;
            let commands = plan.record(&self.shared, n);
            let submitted = queue.submit([commands]);
            let words = self.read(plan, n, submitted)?;
            let size = plan.layout.packed_words() as usize;
            out.extend(words.chunks(size).map(<[u32]>::to_vec));
        }
        Ok(out)
    }

    /// A plan for the size with room for the batch or as much of it as fits.
    fn plan<'a>(
        &self,
        plans: &'a mut Vec<Plan>,
        picture: &Gray,
        wanted: usize,
    ) -> Result<&'a Plan, GpuError> {
        let layout = Layout::new(&self.layers, picture.width, picture.height);
        let capacity = layout.capacity(&self.limits, wanted);
        if capacity == 0 {
            return Err(GpuError::TooLarge(
                "a picture is too large for the device".into(),
            ));
        }
        let known = plans
            .iter()
            .position(|p| p.layout == layout && p.capacity >= capacity);
        if let Some(i) = known {
            let plan = plans.remove(i);
            plans.push(plan);
        } else {
            plans.retain(|p| p.layout != layout);
            if plans.len() >= KEPT_PLANS {
                plans.remove(0);
            }
            plans.push(Plan::new(
                &self.shared,
                &self.layers,
                &self.places,
                layout,
                capacity,
            )?);
            self.check()?;
        }
        plans.last().ok_or_else(|| GpuError::Lost("no plan".into()))
    }

    fn read(
        &self,
        plan: &Plan,
        n: u32,
        submitted: wgpu::SubmissionIndex,
    ) -> Result<Vec<u32>, GpuError> {
        let range = 0..plan.packed_bytes(n);
        let (send, receive) = mpsc::channel();
        plan.read
            .map_async(wgpu::MapMode::Read, range.clone(), move |r| {
                // The receiver only goes away with the error it would have reported.
                let _ = send.send(r);
            });
        let waited = self.shared.device.poll(wgpu::PollType::Wait {
            submission_index: Some(submitted),
            timeout: Some(Duration::from_secs(TIMEOUT_S)),
        });
        if let Err(e) = waited {
            self.lose(&e.to_string());
        }
        self.check()?;
        match receive.try_recv() {
            Ok(Ok(())) => {}
            Ok(Err(e)) => self.lose(&e.to_string()),
            Err(_) => self.lose("results did not arrive"),
        }
        self.check()?;
        let words = match plan.read.get_mapped_range(range) {
            Ok(view) => view
                .chunks_exact(4)
                .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            Err(e) => {
                self.lose(&e.to_string());
                Vec::new()
            }
        };
        plan.read.unmap();
        self.check()?;
        Ok(words)
    }

    fn lose(&self, why: &str) {
        if let Ok(mut h) = self.health.lock() {
            h.lost.get_or_insert_with(|| why.to_owned());
        }
    }

    /// What the device reported since the last check.
    fn check(&self) -> Result<(), GpuError> {
        let mut h = self
            .health
            .lock()
            .map_err(|_| GpuError::Lost("an earlier batch broke off".into()))?;
        if let Some(why) = &h.lost {
            return Err(GpuError::Lost(why.clone()));
        }
        if std::mem::take(&mut h.out_of_memory) {
            return Err(GpuError::OutOfMemory);
        }
        Ok(())
    }

    /// Takes the device away, as a driver reset does.
    #[cfg(test)]
    pub(crate) fn destroy(&self) {
        self.shared.device.destroy();
    }
}

/// Notes what the device reports instead of the default, which panics.
fn watch(device: &wgpu::Device, health: &Arc<Mutex<Health>>) {
    let seen = Arc::clone(health);
    device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| {
        if let Ok(mut h) = seen.lock() {
            match e {
                wgpu::Error::OutOfMemory { .. } => h.out_of_memory = true,
                other => {
                    h.lost.get_or_insert_with(|| other.to_string());
                }
            }
        }
    }));
    let seen = Arc::clone(health);
    device.set_device_lost_callback(move |reason, message| {
        if let Ok(mut h) = seen.lock() {
            h.lost
                .get_or_insert_with(|| format!("{reason:?}: {message}"));
        }
    });
}

fn pipeline(device: &wgpu::Device, shader: &Declaration) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(shader.name),
        source: wgpu::ShaderSource::Wgsl(shader.source.into()),
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(shader.name),
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: Default::default(),
        cache: None,
    })
}

/// The picture with rows padded to whole words.
fn aligned_rows(p: &Gray) -> Vec<u8> {
    let row = p.width.next_multiple_of(4) as usize;
    let mut bytes = vec![0; row * p.height as usize];
    for (to, y) in bytes.chunks_exact_mut(row).zip(0..) {
        to[..p.width as usize].copy_from_slice(p.row(y));
    }
    bytes
}
