//! Objects whose frames are one video stream: decoded once by a program from outside, coded anew as a whole.
//!
//! Takes the joined fragments; gives frames as samples like any other. Decoded frames lie in a file that has no name any more
//! once it is open, so nothing is left behind. Video is 4:2:0; frames are handed out with chrominance at full resolution, and
//! masks have to cover whole units of [`UNIT`] pixels.

use super::object::{Frames, Object};
use super::support::Support;
use crate::codec::CodecError;
use crate::codec::video::{self, Coding, Container, Family, Header, Tool};
use crate::config::Limits;
use crate::frame::{Frame, Photometric, PixelFormat};
use crate::outcome::{Reason, Refusal};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

/// Side of the units to which masks grow, pixels: a macroblock.
pub const UNIT: u32 = 16;
/// Most bytes of decoded frames.
const MOST_BYTES: u64 = 64 << 30;

/// What the encoder of a family is told in every syntax.
const H264: &str = "-c:v libx264 -preset medium -crf 12 -profile:v high -refs 3";
const HEVC: &str = "-c:v libx265 -preset fast -crf 10 -x265-params level-idc=5.1:pools=none:frame-threads=1:info=0:log-level=none:vbv-maxrate=40000:vbv-bufsize=40000:keyint=60";
const MPEG2: &str = "-c:v mpeg2video -profile:v 4 -qmin 1 -lmin 1 -g 15 -bf 2";

/// Transfer syntaxes whose streams are coded anew, by the end of their UID, with their own bounds. Those with a second view
/// are not among them: it would be lost unseen.
const CODINGS: &[(&str, Coding)] = &[
    (
        "100",
        coding(
            Family::Mpeg2,
            8,
            "-level:v 8 -b:v 14M -maxrate 15M -bufsize 1835008",
        ),
    ),
    (
        "101",
        coding(
            Family::Mpeg2,
            8,
            "-level:v 4 -b:v 60M -maxrate 80M -bufsize 9781248",
        ),
    ),
    (
        "102",
        coding(
            Family::H264,
            8,
            "-level:v 4.1 -maxrate 50M -bufsize 50M -g 30",
        ),
    ),
    (
        "103",
        coding(
            Family::H264,
            8,
            "-level:v 4.1 -maxrate 40M -bufsize 30M -g 24 -x264-params bluray-compat=1:slices=4:open-gop=0",
        ),
    ),
    (
        "104",
        coding(
            Family::H264,
            8,
            "-level:v 4.2 -maxrate 50M -bufsize 50M -g 30",
        ),
    ),
    ("107", coding(Family::Hevc, 8, "-profile:v main")),
    (
        "108",
        coding(Family::Hevc, 10, "-profile:v main10 -pix_fmt yuv420p10le"),
    ),
];

const fn coding(family: Family, bits: u16, bounds: &'static str) -> Coding {
    let encoder = match family {
        Family::Mpeg2 => MPEG2,
        Family::H264 => H264,
        Family::Hevc => HEVC,
    };
    Coding {
        family,
        bits,
        fields: matches!(family, Family::Mpeg2),
        encoder: [encoder, bounds],
    }
}

/// How a video syntax is coded; `None` for those that are refused whatever program there is.
pub fn coding_of(syntax: &Support) -> Option<&'static Coding> {
    let end = syntax.uid.strip_prefix("1.2.840.10008.1.2.4.")?;
    let end = end.strip_suffix(".1").unwrap_or(end);
    CODINGS.iter().find(|(e, _)| *e == end).map(|(_, c)| c)
}

/// The decoded frames of a stream.
pub(super) struct Clip {
    tool: Tool,
    coding: &'static Coding,
    container: Container,
    header: Header,
    frames: u32,
    store: Mutex<File>,
}

/// What beside pictures a stream holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// Units of user data; not looked for inside containers.
    pub user_data: u32,
    /// Whether there is a container, with whatever else is in it.
    pub container: bool,
}

fn refused(e: CodecError) -> Refusal {
    match e {
        CodecError::Unsupported(what) => Refusal::new(Reason::Video, what),
        other => super::decode::coded(other),
    }
}

fn stored(e: std::io::Error) -> Refusal {
    Refusal::new(Reason::Read, format!("decoded video: {}", e.kind()))
}

impl Clip {
    /// Decodes a stream of `frames` frames of this size.
    ///
    /// # Errors
    /// `video` without a coding, `inconsistent` for another size or number of frames, `limit`, `decode-failed`.
    pub fn decode(
        tool: &Tool,
        syntax: &'static Support,
        stream: &[u8],
        header: &PixelFormat,
        frames: u32,
        limits: &Limits,
    ) -> Result<(Clip, PixelFormat, Beside), Refusal> {
        let coding = coding_of(syntax).ok_or_else(|| Refusal::new(Reason::Video, syntax.name))?;
        let container = Container::of(stream).map_err(refused)?;
        let mut store = nameless_file().map_err(stored)?;
        let (mut count, mut out_of_space) = (0_u32, None);
        let accept = |h: &Header| {
            if (h.width, h.height) != (header.cols, header.rows) {
                return Err(CodecError::Damaged("the video's size is not the header's"));
            }
            if h.bits > coding.bits {
                return Err(CodecError::Damaged("more bits than the syntax allows"));
            }
            let bytes = h.frame_bytes() as u64;
            if bytes > limits.frame_bytes || bytes * u64::from(frames) > MOST_BYTES {
                return Err(CodecError::TooLarge {
                    announced: bytes * u64::from(frames),
                    limit: MOST_BYTES,
                });
            }
            Ok(())
        };
        let take = |planes: &[u8]| {
            count += 1;
            if count > frames {
                return Err(CodecError::Damaged("more frames than the header says"));
            }
            store.write_all(planes).map_err(|e| {
                out_of_space = Some(e);
                CodecError::Damaged("the decoded video cannot be kept")
            })
        };
        let decoded = tool.decode(coding, stream, frames, accept, take);
        if let Some(e) = out_of_space {
            return Err(stored(e));
        }
        let y4m = decoded.map_err(refused)?;
        if count != frames {
            return Err(Refusal::new(
                Reason::Inconsistent,
                format!("{count} frames in the video, {frames} in the header"),
            ));
        }
        let format = PixelFormat {
            bits_allocated: if y4m.bits > 8 { 16 } else { 8 },
            bits_stored: y4m.bits,
            high_bit: y4m.bits - 1,
            photometric: if y4m.full_range {
                Photometric::YbrFull
            } else {
                Photometric::YbrPartial420
            },
            planar: false,
            ..*header
        };
        let beside = Beside {
            user_data: match container {
                Container::Bare => video::user_data_units(coding.family, stream),
                _ => 0,
            },
            container: container != Container::Bare,
        };
        let clip = Clip {
            tool: tool.clone(),
            coding,
            container,
            header: y4m,
            frames,
            store: Mutex::new(store),
        };
        Ok((clip, format, beside))
    }

    /// The planes of a frame.
    ///
    /// # Errors
    /// `internal` for a frame that is not there, `read-failed`.
    pub fn planes(&self, index: u32) -> Result<Vec<u8>, Refusal> {
        if index >= self.frames {
            let what = format!("there is no frame {index}");
            return Err(Refusal::new(Reason::Internal, what));
        }
        let mut planes = vec![0; self.header.frame_bytes()];
        let at = u64::from(index) * planes.len() as u64;
        let mut store = self.store.lock().unwrap_or_else(|e| e.into_inner());
        store.seek(SeekFrom::Start(at)).map_err(stored)?;
        store.read_exact(&mut planes).map_err(stored)?;
        Ok(planes)
    }

    /// Samples of a frame, chrominance repeated to full resolution.
    pub fn samples(&self, planes: &[u8]) -> Vec<u8> {
        let n = self.header.sample_bytes();
        let (w, h) = (self.header.width as usize, self.header.height as usize);
        let (cw, ch) = self.header.chroma();
        let (luma, chroma) = planes.split_at(w * h * n);
        let (blue, red) = chroma.split_at(cw * ch * n);
        let mut data = Vec::with_capacity(w * h * n * 3);
        for y in 0..h {
            let colour = y / 2 * cw;
            for x in 0..w {
                let at = (y * w + x) * n;
                let c = (colour + x / 2) * n;
                data.extend_from_slice(&luma[at..at + n]);
                data.extend_from_slice(&blue[c..c + n]);
                data.extend_from_slice(&red[c..c + n]);
            }
        }
        data
    }

    /// The planes of samples that [`Clip::samples`] gave, masked in whole units or not at all.
    fn planes_of(&self, frame: &Frame) -> Vec<u8> {
        let n = self.header.sample_bytes();
        let (w, h) = (self.header.width as usize, self.header.height as usize);
        let (cw, ch) = self.header.chroma();
        let sample = |x: usize, y: usize, c: usize| {
            let at = ((y * w + x) * 3 + c) * n;
            &frame.data[at..at + n]
        };
        let mut planes = Vec::with_capacity(self.header.frame_bytes());
        for y in 0..h {
            (0..w).for_each(|x| planes.extend_from_slice(sample(x, y, 0)));
        }
        for c in [1, 2] {
            for y in 0..ch {
                (0..cw).for_each(|x| planes.extend_from_slice(sample(2 * x, 2 * y, c)));
            }
        }
        planes
    }
}

/// A file that only its descriptor reaches.
fn nameless_file() -> std::io::Result<File> {
    let mut name = [0; 16];
    getrandom::fill(&mut name).map_err(|_| std::io::Error::other("no random bytes"))?;
    let name: String = name.iter().map(|b| format!("{b:02x}")).collect();
    let path = std::env::temp_dir().join(format!("unburn-{name}"));
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

impl Object {
    fn clip(&self) -> Option<&Clip> {
        match &self.frames {
            Frames::Video { clip, .. } => Some(clip),
            _ => None,
        }
    }

    /// Whether the frames are one video stream.
    pub fn is_video(&self) -> bool {
        self.clip().is_some()
    }

    /// The stream for the output: with frames that `masked` gives it is coded anew as a whole, else its coded pictures are
    /// copied. User data, sound and metadata stay behind either way. `None` for objects that are no video.
    ///
    /// # Errors
    /// Those of `masked`; `video` and `decode-failed` where the program cannot do it.
    pub fn video_stream(
        &self,
        recode: bool,
        masked: &(dyn Fn(u32) -> Result<Option<Frame>, Refusal> + Sync),
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let Frames::Video { clip, fragments } = &self.frames else {
            return Ok(None);
        };
        if !recode {
            let stream = super::object::join(&self.bytes, fragments);
            let copied = clip.tool.copy(clip.coding, &stream, clip.frames);
            return copied.map(Some).map_err(refused);
        }
        let failed = Mutex::new(None);
        let encoded = clip.tool.encode(
            clip.coding,
            clip.container,
            &clip.header,
            clip.frames,
            |i, out| {
                let planes = masked(i).and_then(|frame| match frame {
                    Some(frame) => Ok(clip.planes_of(&frame)),
                    None => clip.planes(i),
                });
                match planes {
                    Ok(planes) => out.write_all(&planes),
                    Err(e) => {
                        *failed.lock().unwrap_or_else(|e| e.into_inner()) = Some(e);
                        Err(std::io::Error::other("no frame"))
                    }
                }
            },
        );
        if let Some(e) = failed.into_inner().unwrap_or_else(|e| e.into_inner()) {
            return Err(e);
        }
        encoded.map(Some).map_err(refused)
    }
}
