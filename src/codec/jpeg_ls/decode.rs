//! JPEG-LS decoding: markers (ISO 14495-1, Annex C), scans, and the decoder's half of the model.

use super::bits::BitReader;
use super::model::{Code, Direction, Model, Params, Preset, RunIndex};
use super::{Interleave, marker};
use crate::codec::{CodecError, Decoded};

/// Decodes one image.
///
/// # Errors
/// [`CodecError::TooLarge`] if the frame header announces more than `max_bytes` of samples; [`CodecError::Unsupported`]
/// for the features named in the module's text; [`CodecError::Damaged`] for everything a whole stream cannot hold, a missing
/// end of image included. Bytes behind the end of image are not looked at.
pub fn decode(data: &[u8], max_bytes: usize) -> Result<Decoded, CodecError> {
    let mut input = Input { data, pos: 0 };
    if input.marker()? != marker::SOI {
        return Err(CodecError::Damaged("no start of image"));
    }
    let mut frame: Option<Image> = None;
    let mut preset = Preset::default();
    let mut restart_lines = 0;
    loop {
        let marker = input.marker()?;
        if marker == marker::EOI {
            return frame
                .ok_or(CodecError::Damaged("no frame header"))?
                .finish();
        }
        let body = input.segment()?;
        match marker {
            marker::SOF55 if frame.is_none() => frame = Some(Image::new(body, max_bytes)?),
            marker::LSE => read_preset(body, &mut preset)?,
            marker::DRI => restart_lines = read_restart_interval(body)?,
            marker::SOS => {
                let image = frame
                    .as_mut()
                    .ok_or(CodecError::Damaged("scan before frame header"))?;
                image.scan(body, &mut input, &preset, restart_lines)?;
            }
            marker::APP8 if body.starts_with(b"mrfx") && body.get(4) != Some(&0) => {
                return Err(CodecError::Unsupported("JPEG-LS HP colour transform"));
            }
            marker::APP0..=marker::APP15 | marker::COM => {}
            marker::DNL => return Err(CodecError::Unsupported("JPEG-LS DNL marker")),
            0xc0..=0xcf => return Err(CodecError::Unsupported("JPEG other than JPEG-LS")),
            _ => return Err(CodecError::Damaged("unexpected JPEG-LS marker")),
        }
    }
}

/// The stream between entropy-coded segments.
struct Input<'a> {
    data: &'a [u8],
    pos: usize,
}

impl<'a> Input<'a> {
    fn rest(&self) -> &'a [u8] {
        self.data.get(self.pos..).unwrap_or(&[])
    }

    /// The code of the marker that comes next, fill bytes skipped.
    fn marker(&mut self) -> Result<u8, CodecError> {
        let rest = self.rest();
        let fill = rest.iter().take_while(|b| **b == 0xff).count();
        match rest.get(fill) {
            Some(&code) if fill > 0 => {
                self.pos += fill + 1;
                Ok(code)
            }
            Some(_) => Err(CodecError::Damaged("JPEG-LS marker expected")),
            None => Err(CodecError::Damaged("JPEG-LS stream ends early")),
        }
    }

    /// The content of a marker segment.
    fn segment(&mut self) -> Result<&'a [u8], CodecError> {
        let rest = self.rest();
        let body = rest
            .first_chunk()
            .map(|n| usize::from(u16::from_be_bytes(*n)))
            .and_then(|n| rest.get(2..n))
            .ok_or(CodecError::Damaged("JPEG-LS segment is cut short"))?;
        self.pos += 2 + body.len();
        Ok(body)
    }

    /// The entropy-coded bytes up to the next marker.
    fn coded(&mut self) -> Result<&'a [u8], CodecError> {
        let rest = self.rest();
        let end = rest
            .windows(2)
            .position(|p| p[0] == 0xff && p[1] >= 0x80)
            .ok_or(CodecError::Damaged("JPEG-LS stream ends early"))?;
        self.pos += end;
        Ok(&rest[..end])
    }
}

/// LSE (C.2.4.1).
fn read_preset(body: &[u8], preset: &mut Preset) -> Result<(), CodecError> {
    match (body.first(), body.get(1..)) {
        (Some(1), Some(words)) if words.len() == 10 => {
            let mut words = words.as_chunks().0.iter().map(|w| u16::from_be_bytes(*w));
            let mut next = || words.next().unwrap_or(0);
            *preset = Preset {
                max_value: next(),
                thresholds: [next(), next(), next()],
                reset: next(),
            };
            Ok(())
        }
        // A table that no scan selects changes nothing; one that a scan selects is refused there.
        (Some(2 | 3), _) => Ok(()),
        (Some(4), _) => Err(CodecError::Unsupported("JPEG-LS oversize image")),
        (Some(5..), _) => Err(CodecError::Unsupported("JPEG-LS extension")),
        _ => Err(CodecError::Damaged("JPEG-LS preset parameters")),
    }
}

/// DRI (C.2.5): two to four bytes, in lines.
fn read_restart_interval(body: &[u8]) -> Result<usize, CodecError> {
    if !(2..=4).contains(&body.len()) {
        return Err(CodecError::Damaged("JPEG-LS restart interval"));
    }
    Ok(body.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
}

/// What a frame header announced, and the samples so far.
struct Image {
    bits: u16,
    width: usize,
    height: usize,
    /// Identifier, and whether its samples are there, for each component.
    components: Vec<(u8, bool)>,
    near: u16,
    samples: Vec<u8>,
}

impl Image {
    fn new(body: &[u8], max_bytes: usize) -> Result<Self, CodecError> {
        const BAD: CodecError = CodecError::Damaged("JPEG-LS frame header");
        let ([bits, h1, h0, w1, w0, count], list) = body.split_first_chunk().ok_or(BAD)?;
        let (height, width) = (
            usize::from(u16::from_be_bytes([*h1, *h0])),
            usize::from(u16::from_be_bytes([*w1, *w0])),
        );
        if list.len() != 3 * usize::from(*count) || !(2..=16).contains(bits) {
            return Err(BAD);
        }
        if !matches!(count, 1 | 3) {
            return Err(CodecError::Unsupported("components other than 1 and 3"));
        }
        if height == 0 || width == 0 {
            return Err(CodecError::Unsupported(
                "JPEG-LS size given outside the frame header",
            ));
        }
        if list.as_chunks().0.iter().any(|[_, s, _]| *s != 0x11) {
            return Err(CodecError::Unsupported("JPEG-LS subsampled components"));
        }
        let components: Vec<_> = list.iter().step_by(3).map(|id| (*id, false)).collect();
        // At most 65535 * 65535 * 3 * 2.
        let announced =
            height as u64 * width as u64 * u64::from(*count) * if *bits > 8 { 2 } else { 1 };
        let size = usize::try_from(announced)
            .ok()
            .filter(|n| *n <= max_bytes)
            .ok_or(CodecError::TooLarge {
                announced,
                limit: max_bytes as u64,
            })?;
        Ok(Image {
            bits: u16::from(*bits),
            width,
            height,
            components,
            near: 0,
            samples: vec![0; size],
        })
    }

    fn finish(self) -> Result<Decoded, CodecError> {
        if self.components.iter().any(|(_, done)| !done) {
            return Err(CodecError::Damaged("JPEG-LS component without a scan"));
        }
        Ok(Decoded {
            width: self.width as u32,
            height: self.height as u32,
            components: self.components.len() as u16,
            bits: self.bits,
            near: self.near,
            samples: self.samples,
        })
    }

    /// Decodes the scan whose header is `body` and whose coded bytes come next.
    fn scan(
        &mut self,
        body: &[u8],
        input: &mut Input,
        preset: &Preset,
        restart_lines: usize,
    ) -> Result<(), CodecError> {
        const BAD: CodecError = CodecError::Damaged("JPEG-LS scan header");
        let (&count, rest) = body.split_first().ok_or(BAD)?;
        let (list, tail) = rest.split_at_checked(2 * usize::from(count)).ok_or(BAD)?;
        let &[near, interleave, transform] = tail else {
            return Err(BAD);
        };
        let mut which = Vec::with_capacity(3);
        for [id, table] in list.as_chunks().0 {
            if *table != 0 {
                return Err(CodecError::Unsupported("JPEG-LS mapping table"));
            }
            let i = self
                .components
                .iter()
                .position(|(c, done)| c == id && !done)
                .ok_or(BAD)?;
            self.components[i].1 = true;
            which.push(i);
        }
        if transform != 0 {
            return Err(CodecError::Unsupported("JPEG-LS point transform"));
        }
        let interleave = match (interleave, which.len()) {
            (_, 0) => return Err(BAD),
            (0..=2, 1) => Interleave::None,
            (1, _) => Interleave::Line,
            (2, _) => Interleave::Sample,
            _ => return Err(BAD),
        };
        let params = Params::new(self.bits, near.into(), preset)?;
        self.near = self.near.max(near.into());
        if near == 0 {
            self.lines::<true>(&which, interleave, params, input, restart_lines)
        } else {
            self.lines::<false>(&which, interleave, params, input, restart_lines)
        }
    }

    fn lines<const LOSSLESS: bool>(
        &mut self,
        which: &[usize],
        interleave: Interleave,
        params: Params,
        input: &mut Input,
        restart_lines: usize,
    ) -> Result<(), CodecError> {
        let interval = if restart_lines == 0 {
            self.height
        } else {
            restart_lines
        };
        let mut model = Model::new(params);
        let mut restart = marker::RST0;
        for first in (0..self.height).step_by(interval) {
            if first > 0 {
                if input.marker()? != restart {
                    return Err(CodecError::Damaged("JPEG-LS restart marker expected"));
                }
                restart = marker::RST0 | (restart + 1) & 7;
                model.restart();
            }
            let mut above = vec![vec![0u16; self.width + 2]; which.len()];
            let mut lines = above.clone();
            let mut indices = vec![RunIndex::default(); which.len()];
            let mut decoder = Decoder(BitReader::new(input.coded()?));
            for y in first..(first + interval).min(self.height) {
                for (line, above) in lines.iter_mut().zip(&mut above) {
                    line[0] = above[1];
                    above[self.width + 1] = above[self.width];
                }
                if interleave == Interleave::Sample {
                    let index = &mut indices[0];
                    model.pixels::<_, LOSSLESS>(&mut decoder, index, &above, &mut lines);
                } else {
                    for ((line, above), index) in lines.iter_mut().zip(&above).zip(&mut indices) {
                        model.line::<_, LOSSLESS>(&mut decoder, index, above, line);
                    }
                }
                if !decoder.0.intact() {
                    return Err(CodecError::Damaged("JPEG-LS coded data"));
                }
                for (line, component) in lines.iter().zip(which) {
                    self.store(y, *component, &line[1..=self.width]);
                }
                std::mem::swap(&mut above, &mut lines);
            }
            if !decoder.0.at_end() {
                return Err(CodecError::Damaged("JPEG-LS data behind the last line"));
            }
        }
        Ok(())
    }

    fn store(&mut self, y: usize, component: usize, line: &[u16]) {
        let count = self.components.len();
        let row = self.width * count;
        if self.bits > 8 {
            let row = &mut self.samples.as_chunks_mut().0[y * row..][..row];
            for (to, from) in row[component..].iter_mut().step_by(count).zip(line) {
                *to = from.to_le_bytes();
            }
        } else {
            let row = &mut self.samples[y * row..][..row];
            for (to, from) in row[component..].iter_mut().step_by(count).zip(line) {
                *to = *from as u8;
            }
        }
    }
}

/// Residuals and runs from coded bits.
struct Decoder<'a>(BitReader<'a>);

impl Decoder<'_> {
    #[inline]
    fn number(&mut self, params: &Params, code: &Code) -> u32 {
        let number = self.0.golomb(code.k, code.max_unary, params.residual_bits);
        // No residual has a larger number (A.5.2); keeping to that keeps the statistics in their ranges.
        if number > params.range as u32 {
            self.0.reject();
            return 0;
        }
        number
    }
}

impl Direction for Decoder<'_> {
    #[inline]
    fn regular<const LOSSLESS: bool>(
        &mut self,
        params: &Params,
        _: i32,
        code: &Code,
        flip: bool,
    ) -> i32 {
        let number = self.number(params, code) as i32;
        (number >> 1) ^ -(number & 1) ^ -i32::from(flip)
    }

    #[inline]
    fn interruption<const LOSSLESS: bool>(
        &mut self,
        params: &Params,
        _: i32,
        code: &Code,
        kind: u32,
        odd_negative: bool,
    ) -> (i32, u32) {
        let number = self.number(params, code);
        let doubled = number + kind;
        let size = doubled.div_ceil(2) as i32;
        let e = if (doubled % 2 == 1) == odd_negative {
            -size
        } else {
            size
        };
        (e, number)
    }

    fn run(&mut self, left: usize, index: &mut RunIndex, _: impl Fn(usize) -> bool) -> usize {
        let mut run = 0;
        while self.0.read(1) == 1 {
            let step = 1 << index.order();
            if run + step <= left {
                index.up();
            }
            run = left.min(run + step);
            if run == left {
                return run;
            }
        }
        run += self.0.read(index.order()) as usize;
        if run >= left {
            self.0.reject();
        }
        run.min(left)
    }
}
