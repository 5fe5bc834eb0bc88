//! Entropy-coded scans of the sequential mode (ISO/IEC 10918-1, F.1.2 and F.2.2): bits to blocks and back.

use std::rc::Rc;

use super::huffman::{BitReader, BitWriter, Table, size_class};
use super::markers::{DHT, RST0};
use super::{Block, Coefficients, Scan};
use crate::codec::CodecError;

/// Zero run of sixteen.
const ZRL: u8 = 0xf0;
/// End of block.
const EOB: u8 = 0;

impl Coefficients<'_> {
    /// Columns and rows of MCUs of an interleaved scan.
    pub(super) fn mcus(&self) -> (usize, usize) {
        let (h, v) = self.max_sampling();
        (
            (self.width as usize).div_ceil(8 * h),
            (self.height as usize).div_ceil(8 * v),
        )
    }

    /// The blocks of each MCU of a scan in coding order: component within the scan, index of the block (A.2).
    fn order<'s>(&self, scan: &'s Scan) -> impl Iterator<Item = Vec<(usize, usize)>> + use<'s> {
        let alone = scan.components.len() == 1;
        let shapes: Vec<_> = scan
            .components
            .iter()
            .map(|c| {
                let c = &self.components[c.index];
                (
                    if alone { 1 } else { c.h },
                    if alone { 1 } else { c.v },
                    c.stride,
                )
            })
            .collect();
        let (mcus_x, mcus_y) = match scan.components.first() {
            Some(c) if alone => {
                let c = &self.components[c.index];
                (c.width_blocks, c.height_blocks)
            }
            _ => self.mcus(),
        };
        (0..mcus_x * mcus_y).map(move |i| {
            let (mx, my) = (i % mcus_x, i / mcus_x);
            let mut blocks = Vec::with_capacity(6);
            for (c, (h, v, stride)) in shapes.iter().enumerate() {
                for y in 0..*v {
                    for x in 0..*h {
                        blocks.push((c, (my * v + y) * stride + mx * h + x));
                    }
                }
            }
            blocks
        })
    }

    /// Fills the blocks of a scan from its coded bytes.
    pub(super) fn read_scan(&mut self, scan: &Scan) -> Result<(), CodecError> {
        let mut intervals = Intervals {
            rest: &self.data[scan.coded.clone()],
            marker: RST0,
        };
        let mut reader = intervals.first();
        let mut previous = [0i32; 3];
        for (i, mcu) in self.order(scan).enumerate() {
            if scan.restart > 0 && i > 0 && i % scan.restart == 0 {
                if !reader.at_end() {
                    return Err(CodecError::Damaged("JPEG data before a restart marker"));
                }
                reader = intervals.next()?;
                previous = [0; 3];
            }
            for (c, at) in mcu {
                let component = &scan.components[c];
                let block = self.components[component.index]
                    .blocks
                    .get_mut(at)
                    .ok_or(CodecError::Damaged("JPEG block"))?;
                let (dc, ac) = (&component.dc.table, &component.ac.table);
                read_block(&mut reader, dc, ac, &mut previous[c], block)?;
            }
        }
        if !reader.at_end() || !intervals.rest.is_empty() {
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
    /// [`CodecError::Input`] if a coefficient has no form in the sequential mode.
    pub fn write(&self) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::with_capacity(self.end + self.end / 8);
        let mut from = 0;
        for scan in &self.scans {
            let mut count = Count(Vec::new());
            self.walk(scan, &mut count)?;
            let mut tables = Vec::new();
            let mut restore = Vec::new();
            out.extend_from_slice(&self.data[from..scan.header]);
            for (class, id, frequencies) in count.0 {
                let original = scan.table(class, id)?;
                if original.covers(&frequencies) {
                    tables.push((class, id, Rc::clone(original)));
                } else {
                    let own = Table::for_frequencies(&frequencies)?;
                    define(&mut out, &own, class << 4 | id);
                    define(&mut restore, original, class << 4 | id);
                    tables.push((class, id, Rc::new(own)));
                }
            }
            out.extend_from_slice(&self.data[scan.header..scan.coded.start]);
            let mut write = Write {
                tables,
                bits: BitWriter::new(out),
            };
            self.walk(scan, &mut write)?;
            write.bits.finish();
            out = write.bits.out;
            out.append(&mut restore);
            from = scan.coded.end;
        }
        out.extend_from_slice(&self.data[from..self.end]);
        Ok(out)
    }

    /// Shows every symbol and number of a scan to `sink`.
    fn walk(&self, scan: &Scan, sink: &mut impl Sink) -> Result<(), CodecError> {
        let mut previous = [0i32; 3];
        let mut restarts = 0u8;
        for (i, mcu) in self.order(scan).enumerate() {
            if scan.restart > 0 && i > 0 && i % scan.restart == 0 {
                sink.restart(RST0 + restarts % 8);
                restarts = restarts.wrapping_add(1);
                previous = [0; 3];
            }
            for (c, at) in mcu {
                let component = &scan.components[c];
                let block = self.components[component.index]
                    .blocks
                    .get(at)
                    .ok_or(CodecError::Damaged("JPEG block"))?;
                let (dc, ac) = ((0, component.dc.id), (1, component.ac.id));
                walk_block(sink, dc, ac, &mut previous[c], block)?;
            }
        }
        Ok(())
    }
}

impl Scan {
    fn table(&self, class: u8, id: u8) -> Result<&Rc<Table>, CodecError> {
        self.components
            .iter()
            .map(|c| if class == 0 { &c.dc } else { &c.ac })
            .find(|e| e.id == id)
            .map(|e| &e.table)
            .ok_or(CodecError::Input("JPEG table is missing"))
    }
}

/// A DHT segment of one table.
fn define(out: &mut Vec<u8>, table: &Table, class_and_id: u8) {
    let body = table.definition(class_and_id);
    out.extend([0xff, DHT]);
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
}

/// Table class (0 for DC, 1 for AC) and number.
type Slot = (u8, u8);

/// What walks over blocks in coding order.
trait Sink {
    fn symbol(&mut self, slot: Slot, symbol: u8) -> Result<(), CodecError>;
    fn number(&mut self, value: i32, size: u32);
    fn restart(&mut self, marker: u8);
}

/// How often each symbol of each table occurs.
struct Count(Vec<(u8, u8, [u32; 256])>);

impl Sink for Count {
    fn symbol(&mut self, slot: Slot, symbol: u8) -> Result<(), CodecError> {
        let at = self.0.iter().position(|(c, i, _)| (*c, *i) == slot);
        let at = at.unwrap_or_else(|| {
            self.0.push((slot.0, slot.1, [0; 256]));
            self.0.len() - 1
        });
        let n = &mut self.0[at].2[usize::from(symbol)];
        *n = n.saturating_add(1);
        Ok(())
    }

    fn number(&mut self, _: i32, _: u32) {}

    fn restart(&mut self, _: u8) {}
}

/// Coded bytes.
struct Write {
    tables: Vec<(u8, u8, Rc<Table>)>,
    bits: BitWriter,
}

impl Sink for Write {
    fn symbol(&mut self, slot: Slot, symbol: u8) -> Result<(), CodecError> {
        let mut tables = self.tables.iter();
        let (_, _, table) = tables
            .find(|(c, i, _)| (*c, *i) == slot)
            .ok_or(CodecError::Input("JPEG table is missing"))?;
        self.bits.symbol(table, symbol)
    }

    fn number(&mut self, value: i32, size: u32) {
        self.bits.number(value, size);
    }

    fn restart(&mut self, marker: u8) {
        self.bits.finish();
        self.bits.out.extend([0xff, marker]);
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

fn read_block(
    reader: &mut BitReader,
    dc: &Table,
    ac: &Table,
    previous: &mut i32,
    block: &mut Block,
) -> Result<(), CodecError> {
    const BAD: CodecError = CodecError::Damaged("JPEG coefficient");
    let number = |reader: &mut BitReader, size: u8| {
        if size > 15 {
            return Err(BAD);
        }
        reader.number(size.into())
    };
    let size = reader.symbol(dc)?;
    *previous += number(reader, size)?;
    block[0] = i16::try_from(*previous).map_err(|_| BAD)?;
    let mut k = 1;
    while k < 64 {
        let symbol = reader.symbol(ac)?;
        match (symbol >> 4, symbol & 15) {
            (0, 0) => break,
            (15, 0) => k += 16,
            (_, 0) => return Err(BAD),
            (run, size) => {
                k += usize::from(run);
                *block.get_mut(k).ok_or(BAD)? = number(reader, size)? as i16;
                k += 1;
            }
        }
    }
    if k > 64 { Err(BAD) } else { Ok(()) }
}

fn walk_block(
    sink: &mut impl Sink,
    dc: Slot,
    ac: Slot,
    previous: &mut i32,
    block: &Block,
) -> Result<(), CodecError> {
    const BAD: CodecError = CodecError::Input("coefficient too large for JPEG");
    fn number<S: Sink>(sink: &mut S, slot: Slot, run: u8, value: i32) -> Result<(), CodecError> {
        let size = size_class(value);
        if size > 15 {
            return Err(BAD);
        }
        sink.symbol(slot, run << 4 | size as u8)?;
        sink.number(value, size);
        Ok(())
    }
    let first = i32::from(block[0]);
    number(sink, dc, 0, first - *previous)?;
    *previous = first;
    let mut run = 0u8;
    for &value in &block[1..] {
        if value == 0 {
            run += 1;
            continue;
        }
        while run > 15 {
            sink.symbol(ac, ZRL)?;
            run -= 16;
        }
        number(sink, ac, run, value.into())?;
        run = 0;
    }
    if run > 0 {
        sink.symbol(ac, EOB)?;
    }
    Ok(())
}
