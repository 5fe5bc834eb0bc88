//! Buffers, bind groups and dispatches for pictures of one size.

use super::GpuError;
use super::engine::{Kernel, Shared};
use crate::stage::{Layer, Source, constants::Place, depthwise, levels, pointwise, stem};
use wgpu::{BindGroup, Buffer, BufferUsages};

/// Bytes that the maps of one plan may take; larger batches are split.
const MAP_BYTES: u64 = 256 << 20;

/// Sizes that follow from a picture's size, before any device memory is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Picture, px.
    pub width: u32,
    /// Picture, px.
    pub height: u32,
    /// Columns, rows and quads of every layer's output.
    pub maps: Vec<(u32, u32, u32)>,
    /// The memory slot of every layer's output.
    pub slots: Vec<usize>,
    /// Bytes per picture of every slot.
    pub slot_bytes: Vec<u64>,
}

impl Layout {
    /// The layout for pictures of `width` × `height`. Slots are shared by maps that are not needed at the same time.
    pub fn new(layers: &[Layer], width: u32, height: u32) -> Layout {
        let (pw, ph) = stem::padded_size(width, height);
        let mut maps: Vec<(u32, u32, u32)> = Vec::new();
        for l in layers {
            let (w, h) = match l.input {
                Source::Picture => (pw as u32, ph as u32),
                Source::Layer(i) => (maps[i].0, maps[i].1),
            };
            let zoom = if pointwise::mode(l.kind) == 2 { 2 } else { 1 };
            let (s, quads) = (l.stride as u32, l.outputs.div_ceil(4) as u32);
            maps.push((w / s * zoom, h / s * zoom, quads));
        }
        let last_use: Vec<usize> = (0..layers.len())
            .map(|i| {
                let reads = |l: &Layer| l.input == Source::Layer(i) || l.skip == Some(i);
                // The answer is read after the last layer.
                (i..layers.len())
                    .rev()
                    .find(|j| reads(&layers[*j]))
                    .unwrap_or(layers.len())
            })
            .collect();
        let mut slots = Vec::new();
        let mut slot_bytes: Vec<u64> = Vec::new();
        for (i, (w, h, quads)) in maps.iter().enumerate() {
            let bytes = 4 * u64::from(*w) * u64::from(*h) * u64::from(*quads);
            // A layer's inputs are still in use while it writes, so a slot is free only after its last reader.
            let busy = |slot: usize| (0..i).any(|j| slots[j] == slot && last_use[j] >= i);
            let free = (0..slot_bytes.len()).filter(|s| !busy(*s));
            let slot = free
                .min_by_key(|s| slot_bytes[*s].abs_diff(bytes))
                .unwrap_or_else(|| {
                    slot_bytes.push(0);
                    slot_bytes.len() - 1
                });
            slot_bytes[slot] = slot_bytes[slot].max(bytes);
            slots.push(slot);
        }
        Layout {
            width,
            height,
            maps,
            slots,
            slot_bytes,
        }
    }

    /// Words of one picture.
    pub fn picture_words(&self) -> u64 {
        u64::from(self.width.div_ceil(4)) * u64::from(self.height)
    }

    /// Cells of one answer.
    pub fn cells(&self) -> u32 {
        self.maps.last().map_or(0, |(w, h, _)| w * h)
    }

    /// Packed words of one answer.
    pub fn packed_words(&self) -> u32 {
        self.cells().div_ceil(levels::CELLS_PER_WORD as u32)
    }

    /// Pictures that go through at a time; 0 if not even one fits the device.
    pub fn capacity(&self, limits: &wgpu::Limits, wanted: usize) -> u32 {
        let largest = self.slot_bytes.iter().copied().max().unwrap_or(1);
        let largest = largest.max(4 * self.picture_words()).max(4);
        let binding = limits
            .max_storage_buffer_binding_size
            .min(limits.max_buffer_size);
        let total: u64 = self.slot_bytes.iter().sum();
        let groups = limits.max_compute_workgroups_per_dimension;
        let quads = self.maps.iter().map(|m| m.2).max().unwrap_or(1);
        let cells = self.maps.iter().map(|m| m.0 * m.1).max().unwrap_or(0);
        if cells.div_ceil(pointwise::WORKGROUP[0]) > groups {
            return 0;
        }
        let by_memory = (MAP_BYTES / total.max(1)).max(1);
        let n = by_memory
            .min(binding / largest)
            .min(u64::from(groups / quads))
            .min(wanted as u64);
        u32::try_from(n).unwrap_or(u32::MAX)
    }
}

/// One dispatch.
struct Dispatch {
    kernel: Kernel,
    group: BindGroup,
    /// Workgroups across and down.
    xy: [u32; 2],
    /// Workgroups deep for each picture.
    z: u32,
}

/// Device memory and commands for up to `capacity` pictures of one size.
pub struct Plan {
    /// Sizes.
    pub layout: Layout,
    /// Pictures at a time.
    pub capacity: u32,
    /// Packed pictures.
    pub pictures: Buffer,
    /// Parameters of the last stage, which hold the thresholds.
    pub levels: Buffer,
    packed: Buffer,
    /// What the host reads.
    pub read: Buffer,
    dispatches: Vec<Dispatch>,
}

impl Plan {
    pub(super) fn new(
        shared: &Shared,
        layers: &[Layer],
        places: &[Place],
        layout: Layout,
        capacity: u32,
    ) -> Result<Plan, GpuError> {
        let device = &shared.device;
        let n = u64::from(capacity);
        let buffer = |bytes: u64, usage: BufferUsages| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes.next_multiple_of(4),
                usage,
                mapped_at_creation: false,
            })
        };
        let storage = BufferUsages::STORAGE;
        let slots: Vec<Buffer> = layout
            .slot_bytes
            .iter()
            .map(|b| buffer(b * n, storage))
            .collect();
        let pictures = buffer(
            4 * layout.picture_words() * n,
            storage | BufferUsages::COPY_DST,
        );
        let packed_bytes = 4 * u64::from(layout.packed_words()) * n;
        let packed = buffer(packed_bytes, storage | BufferUsages::COPY_SRC);
        let read = buffer(
            packed_bytes,
            BufferUsages::MAP_READ | BufferUsages::COPY_DST,
        );
        let uniform = |bytes: &[u8]| {
            let b = buffer(
                bytes.len() as u64,
                BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            );
            shared.queue.write_buffer(&b, 0, bytes);
            b
        };
        let mut dispatches = Vec::new();
        for (i, l) in layers.iter().enumerate() {
            let (ow, oh, quads) = layout.maps[i];
            let place = places[i];
            let out = &slots[layout.slots[i]];
            let input = match l.input {
                Source::Picture => &pictures,
                Source::Layer(j) => &slots[layout.slots[j]],
            };
            let (iw, ih) = match l.input {
                Source::Picture => (layout.width, layout.height),
                Source::Layer(j) => (layout.maps[j].0, layout.maps[j].1),
            };
            let (kernel, params, xy) = if l.input == Source::Picture {
                let p = uniform(bytemuck::bytes_of(&stem::Params {
                    width: iw,
                    height: ih,
                    row_words: iw.div_ceil(4),
                    out_width: ow,
                    out_height: oh,
                    out_quads: quads,
                    weights_at: place.weights_at,
                    ends_at: place.ends_at,
                }));
                (Kernel::Stem, p, groups(stem::WORKGROUP, ow, oh))
            } else if l.depthwise {
                let p = uniform(bytemuck::bytes_of(&depthwise::Params {
                    in_width: iw,
                    in_height: ih,
                    out_width: ow,
                    out_height: oh,
                    quads,
                    kernel: l.kernel as u32,
                    stride: l.stride as u32,
                    weights_at: place.weights_at,
                    ends_at: place.ends_at,
                    pad: [0; 3],
                }));
                (Kernel::Depthwise, p, groups(depthwise::WORKGROUP, ow, oh))
            } else {
                let p = uniform(bytemuck::bytes_of(&pointwise::Params {
                    width: iw,
                    height: ih,
                    in_quads: l.inputs.div_ceil(4) as u32,
                    out_quads: quads,
                    mode: pointwise::mode(l.kind),
                    weights_at: place.weights_at,
                    ends_at: place.ends_at,
                    pad: 0,
                }));
                let xy = groups(pointwise::WORKGROUP, iw * ih, 1);
                (Kernel::Pointwise, p, xy)
            };
            let mut bound = vec![&params, input, &shared.constants];
            if kernel == Kernel::Pointwise {
                // Where nothing is added the binding is not read; any buffer that is not written will do.
                let skip = l
                    .skip
                    .map_or(&shared.constants, |s| &slots[layout.slots[s]]);
                bound.push(skip);
            }
            bound.push(out);
            dispatches.push(Dispatch {
                kernel,
                group: shared.bind(kernel, &bound),
                xy,
                z: quads,
            });
        }
        let levels = uniform(bytemuck::bytes_of(&levels::Params {
            cells: 0,
            words: 0,
            pad: [0; 2],
            region: [0; 4],
            core: [0; 4],
        }));
        let answer = layout.slots.last().and_then(|s| slots.get(*s));
        let Some(answer) = answer else {
            return Err(GpuError::TooLarge("a network without layers".into()));
        };
        dispatches.push(Dispatch {
            kernel: Kernel::Levels,
            group: shared.bind(Kernel::Levels, &[&levels, answer, &packed]),
            xy: groups(levels::WORKGROUP, layout.packed_words(), 1),
            z: 1,
        });
        Ok(Plan {
            layout,
            capacity,
            pictures,
            levels,
            packed,
            read,
            dispatches,
        })
    }

    /// Commands for the first `n` pictures, ending in the copy that the host reads.
    pub(super) fn record(&self, shared: &Shared, n: u32) -> wgpu::CommandBuffer {
        let mut encoder = shared.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for d in &self.dispatches {
                pass.set_pipeline(shared.pipeline(d.kernel));
                pass.set_bind_group(0, &d.group, &[]);
                pass.dispatch_workgroups(d.xy[0], d.xy[1], d.z * n);
            }
        }
        encoder.copy_buffer_to_buffer(&self.packed, 0, &self.read, 0, self.packed_bytes(n));
        encoder.finish()
    }

    /// Bytes that `n` pictures give.
    pub fn packed_bytes(&self, n: u32) -> u64 {
        4 * u64::from(self.layout.packed_words()) * u64::from(n)
    }
}

/// Workgroups that cover `x` × `y` threads.
fn groups(size: [u32; 3], x: u32, y: u32) -> [u32; 2] {
    [x.div_ceil(size[0]), y.div_ceil(size[1])]
}
