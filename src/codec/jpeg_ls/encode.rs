//! JPEG-LS encoding: markers (ISO 14495-1, Annex C), scans, and the encoder's half of the model.

use super::bits::BitWriter;
use super::model::{Code, Direction, Model, Params, Preset, RunIndex};
use super::{Interleave, marker};
use crate::codec::{CodecError, frame_bytes};
use crate::frame::Frame;

/// How to encode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Largest allowed error of a sample; 0 is lossless.
    pub near: u8,
    /// Order of the samples of colour frames in the stream; no effect on frames of one sample a pixel.
    pub interleave: Interleave,
    /// Lines between restart markers; 0 for none.
    pub restart_lines: u16,
    /// Coding parameters; the default is the standard's and is not written.
    pub preset: Preset,
}

/// Encodes one frame, interleaved or planar: the stored field of every sample as an unsigned number of `bits_stored` bits (at
/// least 2; bits outside the field are not kept). The result may have odd length.
///
/// # Errors
/// [`CodecError::Input`] if the data is not as long as its format says, the stored field is not at the bottom of the word, a side is
/// over 65535, or the options contradict the format; [`CodecError::Unsupported`] for formats without a form.
pub fn encode(frame: &Frame, options: &Options) -> Result<Vec<u8>, CodecError> {
    let f = &frame.format;
    if f.bits_allocated > 16 {
        return Err(CodecError::Unsupported("JPEG-LS above 16 bits"));
    }
    if frame.data.len() != frame_bytes(f)? {
        return Err(CodecError::Input("data does not fit its format"));
    }
    if f.bits_stored == 0 || f.bits_stored > f.bits_allocated || f.high_bit + 1 != f.bits_stored {
        return Err(CodecError::Input("stored bits not at the bottom"));
    }
    let (Ok(height), Ok(width)) = (u16::try_from(f.rows), u16::try_from(f.cols)) else {
        return Err(CodecError::Unsupported("JPEG-LS oversize image"));
    };
    let bits = f.bits_stored.max(2);
    let params = Params::new(bits, options.near.into(), &options.preset)
        .map_err(|_| CodecError::Input("JPEG-LS options do not fit the format"))?;
    let mask = f.stored_mask() as u16;
    if options.preset.max_value != 0 && samples(frame).any(|v| v & mask > options.preset.max_value)
    {
        return Err(CodecError::Input("sample above the largest value"));
    }

    let count = f.samples_per_pixel as u8;
    let mut out = Vec::with_capacity(frame.data.len() / 2 + 64);
    out.extend([0xff, marker::SOI]);
    let [h, w] = [height, width].map(u16::to_be_bytes);
    let mut body = vec![bits as u8, h[0], h[1], w[0], w[1], count];
    body.extend((1..=count).flat_map(|id| [id, 0x11, 0]));
    segment(&mut out, marker::SOF55, &body);
    if options.preset != Preset::default() {
        let [t1, t2, t3] = options.preset.thresholds;
        let words = [options.preset.max_value, t1, t2, t3, options.preset.reset];
        body = vec![1];
        body.extend(words.iter().flat_map(|w| w.to_be_bytes()));
        segment(&mut out, marker::LSE, &body);
    }
    if options.restart_lines != 0 {
        segment(&mut out, marker::DRI, &options.restart_lines.to_be_bytes());
    }
    let interleave = if count == 1 {
        Interleave::None
    } else {
        options.interleave
    };
    let scans: Vec<Vec<u8>> = match interleave {
        Interleave::None => (0..count).map(|c| vec![c]).collect(),
        _ => vec![(0..count).collect()],
    };
    for which in scans {
        body = vec![which.len() as u8];
        body.extend(which.iter().flat_map(|c| [c + 1, 0]));
        body.extend([options.near, interleave as u8, 0]);
        segment(&mut out, marker::SOS, &body);
        let restart_lines = usize::from(options.restart_lines);
        out = if options.near == 0 {
            scan::<true>(
                frame,
                &which,
                interleave,
                params.clone(),
                restart_lines,
                out,
            )
        } else {
            scan::<false>(
                frame,
                &which,
                interleave,
                params.clone(),
                restart_lines,
                out,
            )
        };
    }
    out.extend([0xff, marker::EOI]);
    Ok(out)
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend([0xff, marker]);
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
}

/// Every sample word of the frame, in its order.
fn samples(frame: &Frame) -> Box<dyn Iterator<Item = u16> + '_> {
    if frame.format.bytes_per_sample() == 1 {
        Box::new(frame.data.iter().map(|b| u16::from(*b)))
    } else {
        Box::new(
            frame
                .data
                .as_chunks()
                .0
                .iter()
                .map(|w| u16::from_le_bytes(*w)),
        )
    }
}

/// Copies the stored fields of one row of one component.
fn load(frame: &Frame, y: usize, component: usize, line: &mut [u16]) {
    let f = &frame.format;
    let mask = f.stored_mask() as u16;
    let (cols, spp) = (f.cols as usize, usize::from(f.samples_per_pixel));
    let (start, step) = if f.planar {
        ((component * f.rows as usize + y) * cols, 1)
    } else {
        (y * cols * spp + component, spp)
    };
    if f.bytes_per_sample() == 1 {
        let row = frame.data[start..].iter().step_by(step);
        for (to, from) in line.iter_mut().zip(row) {
            *to = u16::from(*from) & mask;
        }
    } else {
        let row = frame.data.as_chunks().0[start..].iter().step_by(step);
        for (to, from) in line.iter_mut().zip(row) {
            *to = u16::from_le_bytes(*from) & mask;
        }
    }
}

fn scan<const LOSSLESS: bool>(
    frame: &Frame,
    which: &[u8],
    interleave: Interleave,
    params: Params,
    restart_lines: usize,
    out: Vec<u8>,
) -> Vec<u8> {
    let (width, height) = (frame.format.cols as usize, frame.format.rows as usize);
    let interval = if restart_lines == 0 {
        height
    } else {
        restart_lines
    };
    let mut model = Model::new(params);
    let mut encoder = Encoder(BitWriter::new(out));
    for (i, first) in (0..height).step_by(interval).enumerate() {
        if i > 0 {
            encoder
                .0
                .out
                .extend([0xff, marker::RST0 + (i as u8 - 1) % 8]);
            model.restart();
        }
        let mut above = vec![vec![0u16; width + 2]; which.len()];
        let mut lines = above.clone();
        let mut indices = vec![RunIndex::default(); which.len()];
        for y in first..(first + interval).min(height) {
            for ((line, above), component) in lines.iter_mut().zip(&mut above).zip(which) {
                line[0] = above[1];
                above[width + 1] = above[width];
                load(frame, y, usize::from(*component), &mut line[1..=width]);
            }
            if interleave == Interleave::Sample {
                let index = &mut indices[0];
                model.pixels::<_, LOSSLESS>(&mut encoder, index, &above, &mut lines);
            } else {
                for ((line, above), index) in lines.iter_mut().zip(&above).zip(&mut indices) {
                    model.line::<_, LOSSLESS>(&mut encoder, index, above, line);
                }
            }
            std::mem::swap(&mut above, &mut lines);
        }
        encoder.0.finish_segment();
    }
    encoder.0.out
}

/// Residuals and runs to coded bits.
struct Encoder(BitWriter);

impl Direction for Encoder {
    #[inline]
    fn regular<const LOSSLESS: bool>(
        &mut self,
        params: &Params,
        difference: i32,
        code: &Code,
        flip: bool,
    ) -> i32 {
        let e = params.residual::<LOSSLESS>(difference);
        let mapped = e ^ -i32::from(flip);
        let number = ((mapped << 1) ^ (mapped >> 31)) as u32;
        self.0
            .golomb(number, code.k, code.max_unary, params.residual_bits);
        e
    }

    #[inline]
    fn interruption<const LOSSLESS: bool>(
        &mut self,
        params: &Params,
        difference: i32,
        code: &Code,
        kind: u32,
        odd_negative: bool,
    ) -> (i32, u32) {
        let e = params.residual::<LOSSLESS>(difference);
        let odd = e != 0 && (e < 0) == odd_negative;
        let number = 2 * e.unsigned_abs() - kind - u32::from(odd);
        self.0
            .golomb(number, code.k, code.max_unary, params.residual_bits);
        (e, number)
    }

    fn run(&mut self, left: usize, index: &mut RunIndex, same: impl Fn(usize) -> bool) -> usize {
        let run = (0..left).take_while(|i| same(*i)).count();
        let mut rest = run;
        while rest >= 1 << index.order() {
            rest -= 1 << index.order();
            self.0.write(1, 1);
            index.up();
        }
        if run < left {
            self.0.write(rest as u32, index.order() + 1);
        } else if rest > 0 {
            self.0.write(1, 1);
        }
        run
    }
}
