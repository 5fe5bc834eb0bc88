//! Markers and their segments (ISO/IEC 10918-1, Annex B).

use std::rc::Rc;

use super::block::{Mode, Pass, Slots};
use super::huffman::Table;
use super::{Coefficients, Component, Entropy, Scan, ScanComponent, UNSENT};
use crate::codec::CodecError;

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const DNL: u8 = 0xdc;
const DRI: u8 = 0xdd;
pub(super) const DHT: u8 = 0xc4;
pub(super) const RST0: u8 = 0xd0;

/// More scans than any encoder makes: a stream of a few bytes could ask for a pass over the image with each.
const MAX_SCANS: usize = 256;

/// Tables as they stand while the stream is read.
#[derive(Default)]
struct Tables {
    quantizers: [Option<[u16; 64]>; 4],
    dc: [Option<Rc<Table>>; 4],
    ac: [Option<Rc<Table>>; 4],
    restart: usize,
}

impl<'a> Coefficients<'a> {
    /// Takes a stream apart.
    ///
    /// # Errors
    /// [`CodecError::TooLarge`] if the frame header announces more than `max_bytes` of samples (blocks take twice as much for 8
    /// bits); [`CodecError::Unsupported`] for what the module's text names; [`CodecError::Damaged`] for streams that end early or
    /// contradict themselves. Bytes behind the end of image are not looked at.
    pub fn read(data: &'a [u8], max_bytes: usize) -> Result<Self, CodecError> {
        const EARLY: CodecError = CodecError::Damaged("JPEG stream ends early");
        let mut image: Option<Coefficients> = None;
        let mut tables = Tables::default();
        let mut pos = 0;
        loop {
            let header = pos;
            let rest = data.get(pos..).ok_or(EARLY)?;
            let fill = rest.iter().take_while(|b| **b == 0xff).count();
            let marker = *rest.get(fill).ok_or(EARLY)?;
            if fill == 0 {
                return Err(CodecError::Damaged("JPEG marker expected"));
            }
            pos += fill + 1;
            match (marker, header) {
                (SOI, 0) => continue,
                (_, 0) => return Err(CodecError::Damaged("no start of image")),
                (EOI, _) => {
                    let mut image = image.ok_or(CodecError::Damaged("no frame header"))?;
                    image.end = pos;
                    return image.complete(&tables);
                }
                _ => {}
            }
            let rest = data.get(pos..).ok_or(EARLY)?;
            let body = rest
                .first_chunk()
                .map(|n| usize::from(u16::from_be_bytes(*n)))
                .and_then(|n| rest.get(2..n))
                .ok_or(EARLY)?;
            pos += 2 + body.len();
            match marker {
                0xc0..=0xc2 if image.is_none() => {
                    image = Some(frame_header(data, body, marker, max_bytes)?);
                }
                0xc3 => return Err(CodecError::Unsupported("lossless JPEG as coefficients")),
                DHT => tables.define_codes(body)?,
                0xc5..=0xcf => {
                    return Err(CodecError::Unsupported("arithmetic or hierarchical JPEG"));
                }
                DQT => tables.define_quantizers(body)?,
                DRI => {
                    let n = body
                        .try_into()
                        .map_err(|_| CodecError::Damaged("JPEG restart interval"))?;
                    tables.restart = usize::from(u16::from_be_bytes(n));
                }
                DNL => return Err(CodecError::Unsupported("JPEG DNL marker")),
                SOS => {
                    let image = image
                        .as_mut()
                        .ok_or(CodecError::Damaged("scan before frame header"))?;
                    let scan = scan_header(body, image, &tables)?;
                    let length = coded_length(&data[pos..]).ok_or(EARLY)?;
                    let scan = Scan {
                        coded: pos..pos + length,
                        header,
                        ..scan
                    };
                    pos += length;
                    image.read_scan(&scan)?;
                    image.scans.push(scan);
                }
                0xe0..=0xef | 0xfe => {}
                _ => return Err(CodecError::Damaged("unexpected JPEG marker")),
            }
        }
    }

    fn complete(self, tables: &Tables) -> Result<Self, CodecError> {
        for component in &self.components {
            match component.sent[0] {
                0 => {}
                UNSENT => return Err(CodecError::Damaged("JPEG component without a scan")),
                // A mask would need bits for which there is no scan.
                _ => {
                    return Err(CodecError::Unsupported(
                        "progressive JPEG without its last scans",
                    ));
                }
            }
            // A table changed behind its scan would make the kept one doubtful.
            if tables.quantizers[component.quantizer_id] != component.quantizer {
                return Err(QUANTIZER_AGAIN);
            }
        }
        Ok(self)
    }
}

const QUANTIZER_AGAIN: CodecError = CodecError::Unsupported("JPEG quantizer defined again");

/// Bytes up to the next marker that is not a restart marker.
fn coded_length(data: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += data.get(at..)?.iter().position(|b| *b == 0xff)?;
        match data.get(at + 1)? {
            0 | RST0..=0xd7 => at += 2,
            // Bytes of ones may come before any marker, a restart marker too.
            0xff if restart_behind_fill(&data[at..]) => at += 1,
            _ => return Some(at),
        }
    }
}

fn restart_behind_fill(data: &[u8]) -> bool {
    let code = data.iter().find(|b| **b != 0xff);
    code.is_some_and(|c| (RST0..=0xd7).contains(c))
}

fn frame_header<'a>(
    data: &'a [u8],
    body: &[u8],
    marker: u8,
    max_bytes: usize,
) -> Result<Coefficients<'a>, CodecError> {
    const BAD: CodecError = CodecError::Damaged("JPEG frame header");
    let (&[bits, h1, h0, w1, w0, count], list) = body.split_first_chunk().ok_or(BAD)?;
    let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
    let bits_fit = bits == 8 || (bits == 12 && marker != 0xc0);
    if list.len() != 3 * usize::from(count) || !bits_fit || width == 0 {
        return Err(BAD);
    }
    if height == 0 {
        return Err(CodecError::Unsupported("JPEG height given by DNL"));
    }
    if !matches!(count, 1 | 3) {
        return Err(CodecError::Unsupported("components other than 1 and 3"));
    }
    let bytes = if bits > 8 { 2 } else { 1 };
    let announced = u64::from(height) * u64::from(width) * u64::from(count) * bytes;
    if announced > max_bytes as u64 {
        return Err(CodecError::TooLarge {
            announced,
            limit: max_bytes as u64,
        });
    }
    let mut components = Vec::with_capacity(3);
    for &[id, sampling, quantizer_id] in list.as_chunks().0 {
        let (h, v) = (usize::from(sampling >> 4), usize::from(sampling & 15));
        let known = components.iter().any(|c: &Component| c.id == id);
        if !(1..=4).contains(&h) || !(1..=4).contains(&v) || quantizer_id > 3 || known {
            return Err(BAD);
        }
        components.push(Component {
            id,
            // One component on its own is never interleaved: its factors mean nothing.
            h: if count == 1 { 1 } else { h },
            v: if count == 1 { 1 } else { v },
            width_blocks: 0,
            height_blocks: 0,
            stride: 0,
            quantizer_id: usize::from(quantizer_id),
            quantizer: None,
            sent: [UNSENT; 64],
            blocks: Vec::new(),
        });
    }
    let mut image = Coefficients {
        data,
        width: width.into(),
        height: height.into(),
        bits: bits.into(),
        progressive: marker == 0xc2,
        components,
        scans: Vec::new(),
        end: 0,
    };
    let (h_max, v_max) = image.max_sampling();
    let (mcus_x, mcus_y) = image.mcus();
    for c in &mut image.components {
        c.width_blocks = (usize::from(width) * c.h).div_ceil(8 * h_max);
        c.height_blocks = (usize::from(height) * c.v).div_ceil(8 * v_max);
        c.stride = mcus_x * c.h;
        c.blocks = vec![[0; 64]; c.stride * mcus_y * c.v];
    }
    Ok(image)
}

/// Reads a scan header and checks it against what scans before have given; where the scan lies is left to the caller.
fn scan_header(body: &[u8], image: &mut Coefficients, tables: &Tables) -> Result<Scan, CodecError> {
    const BAD: CodecError = CodecError::Damaged("JPEG scan header");
    if image.scans.len() == MAX_SCANS {
        return Err(CodecError::Unsupported("JPEG of very many scans"));
    }
    let (&count, rest) = body.split_first().ok_or(BAD)?;
    let (list, tail) = rest.split_at_checked(2 * usize::from(count)).ok_or(BAD)?;
    let &[first, last, bits] = tail else {
        return Err(BAD);
    };
    let (high, low) = (bits >> 4, bits & 15);
    let pass = Pass {
        mode: match (image.progressive, first, high) {
            (false, 0, 0) if last == 63 && low == 0 => Mode::Whole,
            (true, 0, 0) => Mode::DcFirst,
            (true, 0, _) => Mode::DcNext,
            (true, _, 0) => Mode::AcFirst,
            (true, _, _) => Mode::AcNext,
            (false, ..) => return Err(BAD),
        },
        first: first.into(),
        last: last.into(),
        low: low.into(),
    };
    let alone = matches!(pass.mode, Mode::AcFirst | Mode::AcNext);
    let dc_only = matches!(pass.mode, Mode::DcFirst | Mode::DcNext);
    let band_fits = last < 64 && first <= last && !(dc_only && last > 0);
    let bits_fit = low <= 13 && (high == 0 || high == low + 1);
    if !(1..=3).contains(&count) || alone && count > 1 || !band_fits || !bits_fit {
        return Err(BAD);
    }
    let mut scan = Scan {
        coded: 0..0,
        header: 0,
        components: Vec::with_capacity(3),
        tables: Vec::new(),
        restart: tables.restart,
        pass,
    };
    for &[id, codes] in list.as_chunks().0 {
        let index = image
            .components
            .iter()
            .position(|c| c.id == id)
            .filter(|i| scan.components.iter().all(|c| c.index != *i))
            .ok_or(BAD)?;
        let component = &mut image.components[index];
        // Each coefficient comes once, its bits one by one, and the first coefficient before the others (G.1.1.1.1).
        let before = if high == 0 { UNSENT } else { high };
        let band = &mut component.sent[pass.first..=pass.last];
        if band.iter().any(|sent| *sent != before) {
            return Err(BAD);
        }
        band.fill(low);
        if component.sent[0] == UNSENT {
            return Err(BAD);
        }
        let quantizer = tables.quantizers[component.quantizer_id];
        if quantizer.is_none() {
            return Err(CodecError::Damaged("JPEG quantizer is missing"));
        }
        if component.quantizer.is_some() && component.quantizer != quantizer {
            return Err(QUANTIZER_AGAIN);
        }
        component.quantizer = quantizer;
        let mut slot = |class: u8, id: u8| -> Result<usize, CodecError> {
            if !pass.needs(class) {
                return Ok(0);
            }
            let class_and_id = class << 4 | id;
            if let Some(at) = (scan.tables.iter()).position(|t| t.class_and_id == class_and_id) {
                return Ok(at);
            }
            let set = if class == 0 { &tables.dc } else { &tables.ac };
            let table = set.get(usize::from(id)).and_then(|t| t.clone());
            scan.tables.push(Entropy {
                class_and_id,
                table: table.ok_or(BAD)?,
            });
            Ok(scan.tables.len() - 1)
        };
        let slots = Slots {
            dc: slot(0, codes >> 4)?,
            ac: slot(1, codes & 15)?,
        };
        scan.components.push(ScanComponent { index, slots });
    }
    Ok(scan)
}

impl Tables {
    fn define_codes(&mut self, mut body: &[u8]) -> Result<(), CodecError> {
        const BAD: CodecError = CodecError::Damaged("JPEG Huffman table");
        while !body.is_empty() {
            let (&[what], rest) = body.split_first_chunk().ok_or(BAD)?;
            let (counts, rest) = rest.split_first_chunk().ok_or(BAD)?;
            let total = counts.iter().map(|n| usize::from(*n)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or(BAD)?;
            let set = match what >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(BAD),
            };
            *set.get_mut(usize::from(what & 15)).ok_or(BAD)? =
                Some(Rc::new(Table::new(*counts, symbols)?));
            body = rest;
        }
        Ok(())
    }

    fn define_quantizers(&mut self, mut body: &[u8]) -> Result<(), CodecError> {
        const BAD: CodecError = CodecError::Damaged("JPEG quantizer");
        while !body.is_empty() {
            let (&[what], rest) = body.split_first_chunk().ok_or(BAD)?;
            let wide = match what >> 4 {
                0 => 1,
                1 => 2,
                _ => return Err(BAD),
            };
            let (steps, rest) = rest.split_at_checked(64 * wide).ok_or(BAD)?;
            let mut table = [0; 64];
            for (to, step) in table.iter_mut().zip(steps.chunks_exact(wide)) {
                *to = step.iter().fold(0, |n, b| n << 8 | u16::from(*b));
            }
            if table.contains(&0) {
                return Err(BAD);
            }
            *self.quantizers.get_mut(usize::from(what & 15)).ok_or(BAD)? = Some(table);
            body = rest;
        }
        Ok(())
    }
}
