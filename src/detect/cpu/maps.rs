//! Memory of the engine: maps of bytes that hold only as many rows as are still needed.
//!
//! A map keeps row `y` at place `y mod capacity`. A row is a whole number of 64-byte lines. Zeros follow its cells, and zeros end
//! it, which lie left of the next row; what is between them is left over from whole blocks. Above and below is a row of zeros.

/// One cache line.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([u8; 64]);

const LINE: usize = 64;
/// Lines behind the last row that windows may read.
const SLACK: usize = 4;
/// Zeros that must follow a row: half the largest kernel.
const TAIL: usize = 2;

/// Bytes that 64-byte aligned vectors may use; grows, never shrinks.
#[derive(Default)]
pub struct Bytes(Vec<Line>);

impl Bytes {
    /// Makes room for `bytes`, keeping no content in order, and returns the start.
    pub fn reserve(&mut self, bytes: usize) -> *mut u8 {
        let lines = bytes.div_ceil(LINE);
        if self.0.len() < lines {
            self.0 = vec![Line([0; LINE]); lines];
        }
        self.0.as_mut_ptr().cast()
    }
}

/// Shape of a map in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Planes.
    pub channels: usize,
    /// Cells across.
    pub width: usize,
    /// Rows of the whole map.
    pub height: usize,
    /// Rows kept.
    pub capacity: usize,
}

impl Form {
    /// Bytes from one row to the next.
    pub fn row_bytes(&self) -> usize {
        (self.width + TAIL).next_multiple_of(LINE)
    }

    /// Bytes from one channel to the next.
    pub fn channel_bytes(&self) -> usize {
        self.capacity * self.row_bytes()
    }

    /// Bytes of the map with what must lie around it.
    pub fn bytes(&self) -> usize {
        (1 + SLACK) * LINE + self.channels * self.channel_bytes()
    }
}

/// A map that several threads may work on, each on rows of its own.
#[derive(Clone, Copy)]
pub struct RingMap {
    base: *mut u8,
    zeros: *const u8,
    /// Shape.
    pub form: Form,
}

// SAFETY: threads write disjoint rows and read only rows that are complete; the engine's steps see to both.
unsafe impl Send for RingMap {}
// SAFETY: as above.
unsafe impl Sync for RingMap {}

impl RingMap {
    /// A map in `memory`, which must have [`Form::bytes`] and whose first line is zero; `zeros` is a line of zeros
    /// followed by a row of zeros and slack.
    pub fn new(memory: *mut u8, zeros: *const u8, form: Form) -> RingMap {
        RingMap {
            base: memory.wrapping_add(LINE),
            zeros: zeros.wrapping_add(LINE),
            form,
        }
    }

    /// Clears the tails of the last place of every channel: they lie left of row 0 before their own row is written.
    ///
    /// # Safety
    /// The memory given to [`RingMap::new`] is alive and no other thread uses it.
    pub unsafe fn clear_first_margins(&self) {
        // SAFETY: inside the map; row `capacity - 1` has that place, whether or not the map is that high.
        unsafe { self.clear_tail_at(self.form.capacity - 1) };
    }

    /// Bytes that a row of zeros for maps up to `width` cells needs.
    pub fn zeros_bytes(width: usize) -> usize {
        (2 + SLACK) * LINE + (width + TAIL).next_multiple_of(LINE)
    }

    /// Cell 0 of row `y` of channel 0, which must be inside the map.
    pub fn row(&self, y: usize) -> *mut u8 {
        debug_assert!(y < self.form.height);
        self.base
            .wrapping_add(y % self.form.capacity * self.form.row_bytes())
    }

    /// Cell 0 of row `y` of channel `c`; zeros outside the map.
    pub fn padded_row(&self, c: usize, y: isize) -> *const u8 {
        if y < 0 || y as usize >= self.form.height {
            self.zeros
        } else {
            self.row(y as usize)
                .wrapping_add(c * self.form.channel_bytes())
        }
    }

    /// Clears what kernels may take for cells of row `y` or of the next one in every channel: the first places behind its
    /// cells, and the last ones of the row. What else kernels have written there nobody looks at.
    ///
    /// # Safety
    /// The memory given to [`RingMap::new`] is alive and no other thread uses this row.
    pub unsafe fn clear_tail(&self, y: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.clear_tail_at(y % self.form.capacity) };
    }

    /// Clears the tails of a place.
    ///
    /// # Safety
    /// As for [`RingMap::clear_tail`]; `place` is below the capacity.
    unsafe fn clear_tail_at(&self, place: usize) {
        let mut row = place * self.form.row_bytes();
        for _ in 0..self.form.channels {
            // SAFETY: inside the row, which is at least `TAIL` longer than its cells.
            unsafe {
                let behind = self.base.add(row + self.form.width);
                behind.cast::<[u8; TAIL]>().write([0; TAIL]);
                let last = self.base.add(row + self.form.row_bytes() - TAIL);
                last.cast::<[u8; TAIL]>().write([0; TAIL]);
            }
            row += self.form.channel_bytes();
        }
    }
}
