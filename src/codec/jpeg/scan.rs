//! Entropy-coded scans (ISO/IEC 10918-1, A.2, B.2): the order of their blocks, restart markers, and the stream put together again.

use std::rc::Rc;

use super::block::{Decoder, Encoder, Sink};
use super::huffman::{BitReader, BitWriter, Table};
use super::markers::{DHT, RST0};
use super::{Coefficients, Scan};
use crate::codec::CodecError;

/// The order in which a scan codes blocks: per MCU the blocks of each component, row by row (A.2).
struct Order {
    mcus_x: usize,
    mcus_y: usize,
    /// Blocks of an MCU across and down, and blocks in a row of the plane, by component of the scan.
    shapes: Vec<(usize, usize, usize)>,
}

impl Order {
    /// Gives component within the scan and index of each block of an MCU to `put`.
    fn blocks(
        &self,
        mcu: usize,
        mut put: impl FnMut(usize, usize) -> Result<(), CodecError>,
    ) -> Result<(), CodecError> {
        let (mx, my) = (mcu % self.mcus_x, mcu / self.mcus_x);
        for (c, (h, v, stride)) in self.shapes.iter().enumerate() {
            for y in 0..*v {
                for x in 0..*h {
                    put(c, (my * v + y) * stride + mx * h + x)?;
                }
            }
        }
        Ok(())
    }

    fn mcus(&self) -> usize {
        self.mcus_x * self.mcus_y
    }
}

impl Coefficients<'_> {
    /// Columns and rows of MCUs of an interleaved scan.
    pub(super) fn mcus(&self) -> (usize, usize) {
        let (h, v) = self.max_sampling();
        (
            (self.width as usize).div_ceil(8 * h),
            (self.height as usize).div_ceil(8 * v),
        )
    }

    fn order(&self, scan: &Scan) -> Order {
        let parts = scan.components.iter();
        match scan.components.as_slice() {
            // A component on its own: single blocks, those of whole MCUs that lie beyond the image left out.
            [only] => {
                let c = &self.components[only.index];
                Order {
                    mcus_x: c.width_blocks,
                    mcus_y: c.height_blocks,
                    shapes: vec![(1, 1, c.stride)],
                }
            }
            _ => {
                let (mcus_x, mcus_y) = self.mcus();
                let shape = |c: &super::Component| (c.h, c.v, c.stride);
                Order {
                    mcus_x,
                    mcus_y,
                    shapes: parts.map(|c| shape(&self.components[c.index])).collect(),
                }
            }
        }
    }

    /// Fills the blocks of a scan from its coded bytes.
    pub(super) fn read_scan(&mut self, scan: &Scan) -> Result<(), CodecError> {
        let mut intervals = Intervals {
            rest: &self.data[scan.coded.clone()],
            marker: RST0,
        };
        let order = self.order(scan);
        let tables: Vec<&Table> = scan.tables.iter().map(|t| t.table.as_ref()).collect();
        let mut decoder = Decoder::new(intervals.first());
        for mcu in 0..order.mcus() {
            if scan.restart > 0 && mcu > 0 && mcu % scan.restart == 0 {
                if !decoder.at_end() {
                    return Err(CodecError::Damaged("JPEG data before a restart marker"));
                }
                decoder = Decoder::new(intervals.next()?);
            }
            order.blocks(mcu, |c, at| {
                let component = &scan.components[c];
                let block = self.components[component.index]
                    .blocks
                    .get_mut(at)
                    .ok_or(CodecError::Damaged("JPEG block"))?;
                decoder.block(&scan.pass, c, &tables, component.slots, block)
            })?;
        }
        if !decoder.at_end() || !intervals.rest.is_empty() {
            return Err(CodecError::Damaged("JPEG data behind the last block"));
        }
        Ok(())
    }

    /// Puts the stream together again, up to its end of image. Marker segments are kept byte by byte; coded data is made from the
    /// blocks with the tables of the stream. Where a table has no code for a symbol that masking brought in, the scan gets a table
    /// of its own, and the stream's table is put back behind it.
    ///
    /// An untouched stream comes back byte for byte if its encoder wrote the shortest form the tables allow and filled bytes
    /// with ones, as all common ones do; compare to be sure.
    ///
    /// # Errors
    /// [`CodecError::Input`] if a coefficient has no form in the stream's mode.
    pub fn write(&self) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::with_capacity(self.end + self.end / 8);
        let mut from = 0;
        for scan in &self.scans {
            out.extend_from_slice(&self.data[from..scan.header]);
            let start = out.len();
            out.extend_from_slice(&self.data[scan.header..scan.coded.start]);
            let mut write = Write {
                tables: scan.tables.iter().map(|t| Rc::clone(&t.table)).collect(),
                bits: BitWriter::new(out),
            };
            let done = self.walk(scan, &mut write);
            out = write.bits.out;
            if done.is_err() {
                out.truncate(start);
                out = self.write_with_own_tables(scan, out)?;
            }
            from = scan.coded.end;
        }
        out.extend_from_slice(&self.data[from..self.end]);
        Ok(out)
    }

    /// Appends a scan for which a table of the stream lacks a code.
    fn write_with_own_tables(&self, scan: &Scan, mut out: Vec<u8>) -> Result<Vec<u8>, CodecError> {
        let mut count = Count(vec![[0; 256]; scan.tables.len()]);
        self.walk(scan, &mut count)?;
        let mut tables = Vec::new();
        let mut restore = Vec::new();
        for (original, frequencies) in scan.tables.iter().zip(&count.0) {
            if original.table.covers(frequencies) {
                tables.push(Rc::clone(&original.table));
            } else {
                let own = Table::for_frequencies(frequencies)?;
                define(&mut out, &own, original.class_and_id);
                define(&mut restore, &original.table, original.class_and_id);
                tables.push(Rc::new(own));
            }
        }
        out.extend_from_slice(&self.data[scan.header..scan.coded.start]);
        let mut write = Write {
            tables,
            bits: BitWriter::new(out),
        };
        self.walk(scan, &mut write)?;
        out = write.bits.out;
        out.append(&mut restore);
        Ok(out)
    }

    /// Shows every symbol and number of a scan to `sink`.
    fn walk<S: MarkedSink>(&self, scan: &Scan, sink: &mut S) -> Result<(), CodecError> {
        let order = self.order(scan);
        let mut encoder = Encoder::new(sink);
        let mut restarts = 0u8;
        for mcu in 0..order.mcus() {
            if scan.restart > 0 && mcu > 0 && mcu % scan.restart == 0 {
                encoder.finish()?;
                encoder.sink.restart(RST0 + restarts % 8);
                restarts = restarts.wrapping_add(1);
            }
            order.blocks(mcu, |c, at| {
                let component = &scan.components[c];
                let block = self.components[component.index]
                    .blocks
                    .get(at)
                    .ok_or(CodecError::Damaged("JPEG block"))?;
                encoder.block(&scan.pass, c, component.slots, block)
            })?;
        }
        encoder.finish()?;
        encoder.sink.end();
        Ok(())
    }
}

/// A DHT segment of one table.
fn define(out: &mut Vec<u8>, table: &Table, class_and_id: u8) {
    let body = table.definition(class_and_id);
    out.extend([0xff, DHT]);
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
}

/// A sink that also hears of markers.
trait MarkedSink: Sink {
    fn restart(&mut self, marker: u8);
    fn end(&mut self);
}

/// How often each symbol of each table of a scan occurs.
struct Count(Vec<[u32; 256]>);

impl Sink for Count {
    fn symbol(&mut self, slot: usize, symbol: u8) -> Result<(), CodecError> {
        let counts = self.0.get_mut(slot).ok_or(NO_TABLE)?;
        let n = &mut counts[usize::from(symbol)];
        *n = n.saturating_add(1);
        Ok(())
    }

    fn bits(&mut self, _: u32, _: u32) {}
}

impl MarkedSink for Count {
    fn restart(&mut self, _: u8) {}

    fn end(&mut self) {}
}

const NO_TABLE: CodecError = CodecError::Input("JPEG table is missing");

/// Coded bytes.
struct Write {
    tables: Vec<Rc<Table>>,
    bits: BitWriter,
}

impl Sink for Write {
    fn symbol(&mut self, slot: usize, symbol: u8) -> Result<(), CodecError> {
        let table = self.tables.get(slot).ok_or(NO_TABLE)?;
        self.bits.symbol(table, symbol)
    }

    fn bits(&mut self, value: u32, count: u32) {
        self.bits.write(value, count);
    }
}

impl MarkedSink for Write {
    fn restart(&mut self, marker: u8) {
        self.bits.finish();
        self.bits.out.extend([0xff, marker]);
    }

    fn end(&mut self) {
        self.bits.finish();
    }
}

/// The coded bytes of a scan between its restart markers.
struct Intervals<'a> {
    rest: &'a [u8],
    marker: u8,
}

impl Intervals<'_> {
    fn first(&mut self) -> BitReader {
        let mut at = 0;
        while let Some(n) = self.rest[at..].iter().position(|b| *b == 0xff) {
            at += n;
            if self.rest.get(at + 1) != Some(&0) {
                break;
            }
            at += 2;
        }
        if !self.rest[at..].starts_with(&[0xff]) {
            at = self.rest.len();
        }
        let (interval, rest) = self.rest.split_at(at);
        self.rest = rest;
        BitReader::new(interval)
    }

    fn next(&mut self) -> Result<BitReader, CodecError> {
        let fill = self.rest.iter().take_while(|b| **b == 0xff).count();
        if fill == 0 || self.rest.get(fill) != Some(&self.marker) {
            return Err(CodecError::Damaged("JPEG restart marker expected"));
        }
        self.marker = RST0 | (self.marker + 1) & 7;
        self.rest = &self.rest[fill + 1..];
        Ok(self.first())
    }
}
