//! JPEG 2000 (ISO 15444-1), reversible 5/3 wavelet: one tile, one layer, no quantisation.
//!
//! Takes frames of 1 to 16 stored bits with 1 or 3 samples a pixel. The coder is OpenJPEG's port to Rust; its streams
//! can only be kept in memory through callbacks of the C interface, which is all the `unsafe` code here.

use crate::frame::Frame;
use crate::outcome::{Reason, Refusal};
use openjp2::openjpeg::{
    opj_stream_create, opj_stream_destroy, opj_stream_set_seek_function,
    opj_stream_set_skip_function, opj_stream_set_user_data, opj_stream_set_write_function,
};
use openjp2::{
    Codec, OPJ_CLRSPC_GRAY, OPJ_CLRSPC_SRGB, OPJ_CODEC_J2K, Stream, opj_cparameters_t, opj_image,
    opj_image_comptparm,
};
use std::ffi::c_void;

/// Most decompositions: those of OpenJPEG's default, six resolutions.
const RESOLUTIONS: u32 = 6;
/// Bytes that the stream gathers before it hands them over.
const BUFFER_BYTES: usize = 1 << 20;

/// Encodes a frame. With `transform`, three samples go through the reversible colour transform (the header then says
/// `YBR_RCT`); the decoder undoes it.
///
/// # Errors
/// `unsupported-pixel-format` where the coder refuses.
pub fn encode(frame: &Frame, transform: bool) -> Result<Vec<u8>, Refusal> {
    let refused = || {
        Refusal::new(
            Reason::PixelFormat,
            "the JPEG 2000 encoder refused the frame",
        )
    };
    let f = &frame.format;
    let component = opj_image_comptparm {
        dx: 1,
        dy: 1,
        w: f.cols,
        h: f.rows,
        x0: 0,
        y0: 0,
        prec: f.bits_stored.into(),
        bpp: f.bits_stored.into(),
        sgnd: f.signed.into(),
    };
    let samples = usize::from(f.samples_per_pixel);
    let space = if samples == 3 {
        OPJ_CLRSPC_SRGB
    } else {
        OPJ_CLRSPC_GRAY
    };
    let mut image = opj_image::create(&vec![component; samples], space).ok_or_else(refused)?;
    (image.x0, image.y0, image.x1, image.y1) = (0, 0, f.cols, f.rows);
    let mut planes = image.comps_data_mut_iter().ok_or_else(refused)?;
    for c in 0..samples {
        let plane = planes.next().ok_or_else(refused)?;
        let pixels = (0..f.rows).flat_map(|y| (0..f.cols).map(move |x| (x, y)));
        for (to, (x, y)) in plane.iter_mut().zip(pixels) {
            *to = frame.value(x, y, c) as i32;
        }
    }
    drop(planes);
    let mut parameters = opj_cparameters_t {
        tcp_numlayers: 1,
        cp_disto_alloc: 1,
        irreversible: 0,
        tcp_mct: (transform && samples == 3).into(),
        // No more halvings than the shorter side has.
        numresolution: (f.rows.min(f.cols).ilog2() + 1).min(RESOLUTIONS) as i32,
        ..opj_cparameters_t::default()
    };
    let mut codec = Codec::new_encoder(OPJ_CODEC_J2K).ok_or_else(refused)?;
    let mut sink = Sink::default();
    let done = with_stream(&mut sink, |stream| {
        codec.setup_encoder(&mut parameters, &mut image) == 1
            && codec.start_compress(&mut image, stream) == 1
            && codec.encode(stream) == 1
            && codec.end_compress(stream) == 1
    });
    if done { Ok(sink.bytes) } else { Err(refused()) }
}

/// Bytes written so far and where the next ones go.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    at: usize,
}

impl Sink {
    fn put(&mut self, data: &[u8]) {
        let end = self.at + data.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[self.at..end].copy_from_slice(data);
        self.at = end;
    }
}

/// Runs `work` with a stream that writes into `sink`.
fn with_stream(sink: &mut Sink, work: impl FnOnce(&mut Stream) -> bool) -> bool {
    /// Ends the stream also where `work` panics, before the sink goes.
    struct Guard(*mut openjp2::opj_stream_t);
    impl Drop for Guard {
        fn drop(&mut self) {
            // SAFETY: made by `opj_stream_create`, destroyed once.
            unsafe { opj_stream_destroy(self.0) }
        }
    }
    // SAFETY: the stream is an owned `Stream` behind an opaque pointer, freed by the guard. The sink outlives it: the
    // caller holds it mutably for the whole call and nobody else touches it. The callbacks match the types asked for.
    unsafe {
        let stream = Guard(opj_stream_create(BUFFER_BYTES, 0));
        if stream.0.is_null() {
            return false;
        }
        opj_stream_set_write_function(stream.0, Some(write));
        opj_stream_set_skip_function(stream.0, Some(skip));
        opj_stream_set_seek_function(stream.0, Some(seek));
        opj_stream_set_user_data(stream.0, std::ptr::from_mut(sink).cast(), None);
        work(&mut *stream.0.cast::<Stream>())
    }
}

unsafe extern "C" fn write(from: *mut c_void, count: usize, sink: *mut c_void) -> usize {
    if from.is_null() {
        return usize::MAX;
    }
    // SAFETY: the stream hands over `count` bytes and the pointer given to `opj_stream_set_user_data`.
    let (sink, data) = unsafe {
        (
            &mut *sink.cast::<Sink>(),
            std::slice::from_raw_parts(from.cast::<u8>(), count),
        )
    };
    sink.put(data);
    count
}

unsafe extern "C" fn skip(count: i64, sink: *mut c_void) -> i64 {
    // SAFETY: as in `write`.
    let sink = unsafe { &mut *sink.cast::<Sink>() };
    match usize::try_from(count)
        .ok()
        .and_then(|n| sink.at.checked_add(n))
    {
        Some(at) if at <= isize::MAX as usize => {
            sink.at = at;
            count
        }
        _ => -1,
    }
}

unsafe extern "C" fn seek(to: i64, sink: *mut c_void) -> i32 {
    // SAFETY: as in `write`.
    let sink = unsafe { &mut *sink.cast::<Sink>() };
    match usize::try_from(to) {
        Ok(at) => {
            sink.at = at;
            1
        }
        Err(_) => 0,
    }
}
