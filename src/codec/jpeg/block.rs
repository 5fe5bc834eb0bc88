//! One block in one pass of a stream, from bits and to bits (ISO/IEC 10918-1, F.1.2, F.2.2, Annex G).
//!
//! A sequential stream codes each block whole; a progressive one in passes over a band of coefficients, first their high bits,
//! then one bit more at a time. [`Decoder`] and [`Encoder`] hold what is carried from block to block up to a restart marker.

use super::Block;
use super::huffman::{BitReader, Table, size_class};
use crate::codec::CodecError;

/// Zero run of sixteen.
const ZRL: u8 = 0xf0;
/// End of block; in its high four bits how many bits of a run of ended blocks follow.
const EOB: u8 = 0;
/// Longest run of ended blocks.
const LONGEST_RUN: u32 = 0x7fff;
/// Refining bits that may wait for the end of a run of ended blocks before the run is cut; as many as common encoders let wait, so
/// that their streams come back byte for byte.
const WAITING_BITS: usize = 937;

const BAD: CodecError = CodecError::Damaged("JPEG coefficient");
const TOO_LARGE: CodecError = CodecError::Input("coefficient too large for JPEG");

/// What of each block a scan codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Everything.
    Whole,
    /// The high bits of the first coefficient.
    DcFirst,
    /// One bit more of it.
    DcNext,
    /// The high bits of a band of the others.
    AcFirst,
    /// One bit more of them.
    AcNext,
}

/// One pass over blocks: which coefficients (zigzag, inclusive), and the lowest bit that it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    pub(super) mode: Mode,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) low: u32,
}

impl Pass {
    /// Whether the pass needs a table of the class, 0 for DC and 1 for AC.
    pub(super) fn needs(&self, class: u8) -> bool {
        match self.mode {
            Mode::Whole => true,
            Mode::DcFirst => class == 0,
            Mode::DcNext => false,
            Mode::AcFirst | Mode::AcNext => class == 1,
        }
    }
}

/// Numbers of the tables that a component uses within its scan.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slots {
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// Reads blocks from one restart interval.
pub(super) struct Decoder {
    pub(super) reader: BitReader,
    /// First coefficient of the block before, by component of the scan.
    previous: [i32; 3],
    /// Blocks that still end at once.
    run: u32,
}

impl Decoder {
    pub(super) fn new(reader: BitReader) -> Self {
        Decoder {
            reader,
            previous: [0; 3],
            run: 0,
        }
    }

    /// Whether nothing is left but padding.
    pub(super) fn at_end(&self) -> bool {
        self.reader.at_end() && self.run == 0
    }

    /// # Errors
    /// [`CodecError::Damaged`] for codes that do not exist, coefficients beyond the block, and data that end early.
    pub(super) fn block(
        &mut self,
        pass: &Pass,
        component: usize,
        tables: &[&Table],
        slots: Slots,
        block: &mut Block,
    ) -> Result<(), CodecError> {
        let table = |slot: usize| tables.get(slot).copied().ok_or(BAD);
        match pass.mode {
            Mode::Whole => {
                let (dc, ac) = (table(slots.dc)?, table(slots.ac)?);
                block[0] = self.first_coefficient(component, dc, 0)?;
                self.whole_ac(ac, block)
            }
            Mode::DcFirst => {
                block[0] = self.first_coefficient(component, table(slots.dc)?, pass.low)?;
                Ok(())
            }
            Mode::DcNext => {
                block[0] |= (self.reader.bits(1)? as i16) << pass.low;
                Ok(())
            }
            Mode::AcFirst => self.ac_first(pass, table(slots.ac)?, block),
            Mode::AcNext => self.ac_next(pass, table(slots.ac)?, block),
        }
    }

    fn first_coefficient(
        &mut self,
        component: usize,
        table: &Table,
        low: u32,
    ) -> Result<i16, CodecError> {
        let previous = self.previous.get_mut(component).ok_or(BAD)?;
        let size = self.reader.symbol(table)?;
        *previous += number(&mut self.reader, size)?;
        i16::try_from(*previous << low).map_err(|_| BAD)
    }

    fn whole_ac(&mut self, table: &Table, block: &mut Block) -> Result<(), CodecError> {
        let mut k = 1;
        while k < 64 {
            let symbol = self.reader.symbol(table)?;
            match (symbol >> 4, symbol & 15) {
                (0, 0) => break,
                (15, 0) => k += 16,
                (_, 0) => return Err(BAD),
                (run, size) => {
                    k += usize::from(run);
                    *block.get_mut(k).ok_or(BAD)? = number(&mut self.reader, size)? as i16;
                    k += 1;
                }
            }
        }
        if k > 64 { Err(BAD) } else { Ok(()) }
    }

    fn ac_first(
        &mut self,
        pass: &Pass,
        table: &Table,
        block: &mut Block,
    ) -> Result<(), CodecError> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let mut k = pass.first;
        while k <= pass.last {
            let symbol = self.reader.symbol(table)?;
            match (symbol >> 4, symbol & 15) {
                (15, 0) => k += 16,
                (size, 0) => {
                    self.run = (1 << size) - 1 + self.reader.bits(size.into())?;
                    break;
                }
                (run, size) => {
                    k += usize::from(run);
                    let value = number(&mut self.reader, size)? << pass.low;
                    if k > pass.last {
                        return Err(BAD);
                    }
                    block[k] = i16::try_from(value).map_err(|_| BAD)?;
                    k += 1;
                }
            }
        }
        if k > pass.last + 1 { Err(BAD) } else { Ok(()) }
    }

    fn ac_next(&mut self, pass: &Pass, table: &Table, block: &mut Block) -> Result<(), CodecError> {
        let one = 1i16 << pass.low;
        let mut k = pass.first;
        if self.run == 0 {
            while k <= pass.last {
                let symbol = self.reader.symbol(table)?;
                let (mut zeros, size) = (symbol >> 4, symbol & 15);
                let mut new = 0;
                match (zeros, size) {
                    (15, 0) => {}
                    (size, 0) => {
                        self.run = (1 << size) + self.reader.bits(size.into())?;
                        break;
                    }
                    (_, 1) if self.reader.bits(1)? == 1 => new = one,
                    (_, 1) => new = -one,
                    _ => return Err(BAD),
                }
                // Past as many zeros as the symbol says; what is not zero on the way gets its bit.
                while k <= pass.last {
                    if block[k] != 0 {
                        self.refine(&mut block[k], one)?;
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    k += 1;
                }
                if k > pass.last {
                    return Err(BAD);
                }
                block[k] = new;
                k += 1;
            }
        }
        if self.run > 0 {
            for value in &mut block[k..=pass.last] {
                if *value != 0 {
                    self.refine(value, one)?;
                }
            }
            self.run -= 1;
        }
        Ok(())
    }

    fn refine(&mut self, value: &mut i16, one: i16) -> Result<(), CodecError> {
        if self.reader.bits(1)? == 1 {
            *value = value
                .checked_add(if *value < 0 { -one } else { one })
                .ok_or(BAD)?;
        }
        Ok(())
    }
}

fn number(reader: &mut BitReader, size: u8) -> Result<i32, CodecError> {
    if size > 15 {
        return Err(BAD);
    }
    reader.number(size.into())
}

/// What takes symbols and bits: it counts them or writes them.
pub(super) trait Sink {
    fn symbol(&mut self, slot: usize, symbol: u8) -> Result<(), CodecError>;
    fn bits(&mut self, value: u32, count: u32);
}

/// Writes blocks; [`Encoder::finish`] ends each restart interval.
pub(super) struct Encoder<'s, S> {
    pub(super) sink: &'s mut S,
    previous: [i32; 3],
    /// Blocks that ended at once and are not yet told, the table that tells them, and the bits that follow them.
    run: u32,
    slot: usize,
    waiting: Vec<bool>,
}

impl<'s, S: Sink> Encoder<'s, S> {
    pub(super) fn new(sink: &'s mut S) -> Self {
        Encoder {
            sink,
            previous: [0; 3],
            run: 0,
            slot: 0,
            waiting: Vec::new(),
        }
    }

    /// Tells what waits, and forgets the blocks before.
    pub(super) fn finish(&mut self) -> Result<(), CodecError> {
        self.previous = [0; 3];
        self.end_run()
    }

    /// # Errors
    /// [`CodecError::Input`] for a coefficient without a form, and what the sink refuses.
    pub(super) fn block(
        &mut self,
        pass: &Pass,
        component: usize,
        slots: Slots,
        block: &Block,
    ) -> Result<(), CodecError> {
        match pass.mode {
            Mode::Whole => {
                self.first_coefficient(component, slots.dc, block[0].into())?;
                self.whole_ac(slots.ac, block)
            }
            Mode::DcFirst => {
                let value = i32::from(block[0]) >> pass.low;
                self.first_coefficient(component, slots.dc, value)
            }
            Mode::DcNext => {
                self.sink.bits((block[0] >> pass.low & 1) as u32, 1);
                Ok(())
            }
            Mode::AcFirst => self.ac_first(pass, slots.ac, block),
            Mode::AcNext => self.ac_next(pass, slots.ac, block),
        }
    }

    fn first_coefficient(
        &mut self,
        component: usize,
        slot: usize,
        value: i32,
    ) -> Result<(), CodecError> {
        let previous = self.previous.get_mut(component).ok_or(TOO_LARGE)?;
        let difference = value - *previous;
        *previous = value;
        self.number(slot, 0, difference)
    }

    fn number(&mut self, slot: usize, run: u8, value: i32) -> Result<(), CodecError> {
        let size = size_class(value);
        if size > 15 {
            return Err(TOO_LARGE);
        }
        self.sink.symbol(slot, run << 4 | size as u8)?;
        let bits = if value < 0 { value - 1 } else { value };
        self.sink.bits(bits as u32 & ((1 << size) - 1), size);
        Ok(())
    }

    fn whole_ac(&mut self, slot: usize, block: &Block) -> Result<(), CodecError> {
        let mut run = 0u8;
        // Most coefficients are 0: four at a time are looked at as one.
        for (i, four) in block.as_chunks::<4>().0.iter().enumerate() {
            if i > 0 && *four == [0; 4] {
                run += 4;
                continue;
            }
            // The first coefficient is told already.
            for &value in &four[usize::from(i == 0)..] {
                if value == 0 {
                    run += 1;
                    continue;
                }
                while run > 15 {
                    self.sink.symbol(slot, ZRL)?;
                    run -= 16;
                }
                self.number(slot, run, value.into())?;
                run = 0;
            }
        }
        if run > 0 {
            self.sink.symbol(slot, EOB)?;
        }
        Ok(())
    }

    fn ac_first(&mut self, pass: &Pass, slot: usize, block: &Block) -> Result<(), CodecError> {
        let band = &block[pass.first..=pass.last];
        if is_empty(band) {
            return self.lengthen_run(slot);
        }
        let mut run = 0u8;
        for &value in band {
            let value = toward_zero(value, pass.low);
            if value == 0 {
                run += 1;
                continue;
            }
            self.end_run()?;
            while run > 15 {
                self.sink.symbol(slot, ZRL)?;
                run -= 16;
            }
            self.number(slot, run, value)?;
            run = 0;
        }
        if run > 0 {
            self.lengthen_run(slot)?;
        }
        Ok(())
    }

    fn ac_next(&mut self, pass: &Pass, slot: usize, block: &Block) -> Result<(), CodecError> {
        let band = &block[pass.first..=pass.last];
        if is_empty(band) {
            return self.lengthen_run(slot);
        }
        let size = |v: &i16| toward_zero(*v, pass.low).unsigned_abs();
        // Behind the last coefficient that appears in this pass zeros need not be counted.
        let appearing = band.iter().rposition(|v| size(v) == 1);
        let mut zeros = 0u8;
        let mut refining: Vec<bool> = Vec::new();
        for (k, value) in band.iter().enumerate() {
            let size = size(value);
            if size == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 && appearing.is_some_and(|last| k <= last) {
                self.end_run()?;
                self.sink.symbol(slot, ZRL)?;
                zeros -= 16;
                self.tell(&mut refining);
            }
            if size > 1 {
                refining.push(size & 1 == 1);
                continue;
            }
            self.end_run()?;
            self.sink.symbol(slot, zeros << 4 | 1)?;
            self.sink.bits(u32::from(*value > 0), 1);
            self.tell(&mut refining);
            zeros = 0;
        }
        if zeros > 0 || !refining.is_empty() {
            self.waiting.append(&mut refining);
            self.lengthen_run(slot)?;
        }
        Ok(())
    }

    fn tell(&mut self, bits: &mut Vec<bool>) {
        bits.drain(..).for_each(|bit| self.sink.bits(bit.into(), 1));
    }

    fn lengthen_run(&mut self, slot: usize) -> Result<(), CodecError> {
        self.slot = slot;
        self.run += 1;
        if self.run == LONGEST_RUN || self.waiting.len() > WAITING_BITS {
            self.end_run()?;
        }
        Ok(())
    }

    fn end_run(&mut self) -> Result<(), CodecError> {
        if self.run == 0 {
            return Ok(());
        }
        let size = size_class(self.run as i32) - 1;
        self.sink.symbol(self.slot, (size as u8) << 4)?;
        self.sink.bits(self.run & ((1 << size) - 1), size);
        self.run = 0;
        let mut waiting = std::mem::take(&mut self.waiting);
        self.tell(&mut waiting);
        Ok(())
    }
}

/// Whether all are 0; looks at every one, which is quicker than to stop.
fn is_empty(band: &[i16]) -> bool {
    band.iter().fold(0, |all, v| all | v) == 0
}

/// The high bits of a coefficient: its absolute value is shifted (G.1.2.2).
fn toward_zero(value: i16, low: u32) -> i32 {
    let size = i32::from(value.unsigned_abs()) >> low;
    if value < 0 { -size } else { size }
}
