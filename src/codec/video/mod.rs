//! Video streams (MPEG-2, H.264, HEVC) through a program that the site names: ffmpeg 5.1 or newer.
//!
//! The stream goes in through stdin and comes out through stdout ([`super::process`]); the program may open nothing, neither files
//! nor the network (`-protocol_whitelist pipe`), and uses only the container and coding that were asked for. It is not
//! believed: frames are counted and compared by the caller. Sound, subtitles, metadata and user data do not come along.

pub mod y4m;

use super::{CodecError, process};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
pub use y4m::Header;

/// A run gets this long, and a little more for each frame.
const PATIENCE: Duration = Duration::from_secs(120);
/// For each frame.
const PATIENCE_PER_FRAME: Duration = Duration::from_millis(1500);
/// Threads of the program: always as many, so that results do not depend on the machine.
const THREADS: &str = "2";

/// The program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    program: PathBuf,
}

/// A family of video codings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// ISO 13818-2.
    Mpeg2,
    /// ISO 14496-10.
    H264,
    /// ISO 23008-2.
    Hevc,
}

impl Family {
    /// The program's name of the coding.
    fn codec(self) -> &'static str {
        match self {
            Family::Mpeg2 => "mpeg2video",
            Family::H264 => "h264",
            Family::Hevc => "hevc",
        }
    }

    /// The program's name for streams without a container, when they go in.
    fn bare_input(self) -> &'static str {
        match self {
            Family::Mpeg2 => "mpegvideo",
            other => other.codec(),
        }
    }

    /// Kinds of units that hold anything but pictures, by number.
    fn user_data(self) -> &'static [u8] {
        match self {
            Family::Mpeg2 => &[0xB2],
            Family::H264 => &[6],
            Family::Hevc => &[39, 40],
        }
    }

    /// The kind of the unit that begins with this byte.
    fn kind(self, first: u8) -> u8 {
        match self {
            Family::Mpeg2 => first,
            Family::H264 => first & 0x1F,
            Family::Hevc => first >> 1 & 0x3F,
        }
    }

    fn without_user_data(self) -> String {
        let kinds: Vec<String> = self.user_data().iter().map(u8::to_string).collect();
        format!("filter_units=remove_types={}", kinds.join("|"))
    }
}

/// How one transfer syntax is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    /// Family.
    pub family: Family,
    /// Most bits of a sample.
    pub bits: u16,
    /// Whether frames may be two fields when they are coded anew.
    pub fields: bool,
    /// What the encoder is told of profile, level and quality: arguments with spaces between. First those of the
    /// family, then those of the syntax.
    pub encoder: [&'static str; 2],
}

/// How a stream is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// Not at all.
    Bare,
    /// MPEG-2 transport stream.
    Transport,
    /// MPEG-2 program stream.
    Program,
    /// ISO base media file (MP4).
    Mp4,
}

impl Container {
    /// By the first bytes.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] for none of them.
    pub fn of(stream: &[u8]) -> Result<Container, CodecError> {
        match stream {
            [0x47, ..] if matches!(stream.get(188), None | Some(0x47)) => Ok(Container::Transport),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Ok(Container::Mp4),
            [0, 0, 1, 0xBA, ..] => Ok(Container::Program),
            [0, 0, 1, ..] | [0, 0, 0, 1, ..] => Ok(Container::Bare),
            _ => Err(CodecError::Damaged("no video stream")),
        }
    }

    fn name(self, family: Family) -> &'static str {
        match self {
            Container::Bare => family.bare_input(),
            Container::Transport => "mpegts",
            Container::Program => "mpeg",
            Container::Mp4 => "mov",
        }
    }

    /// What the output is wrapped in: bare streams stay so, others become transport streams, which need no second pass.
    fn output(self, family: Family) -> &'static str {
        match self {
            Container::Bare => family.codec(),
            _ => "mpegts",
        }
    }
}

/// Units of a bare stream that can carry text beside the pictures.
pub fn user_data_units(family: Family, stream: &[u8]) -> u32 {
    let starts = stream.windows(4).filter(|w| w[..3] == [0, 0, 1]);
    let kinds = starts.filter(|w| family.user_data().contains(&family.kind(w[3])));
    u32::try_from(kinds.count()).unwrap_or(u32::MAX)
}

impl Tool {
    /// A program by its path.
    pub fn new(program: impl Into<PathBuf>) -> Tool {
        Tool {
            program: program.into(),
        }
    }

    /// Decodes a stream. Every frame is handed over in order, as planes ([`Header::frame_bytes`]).
    ///
    /// # Errors
    /// Those of [`process::run`] and [`y4m::read`], and of `accept` and `take`.
    pub fn decode(
        &self,
        coding: &Coding,
        stream: &[u8],
        frames: u32,
        accept: impl FnMut(&Header) -> Result<(), CodecError>,
        take: impl FnMut(&[u8]) -> Result<(), CodecError>,
    ) -> Result<Header, CodecError> {
        let mut args = input(coding.family, Container::of(stream)?);
        args.extend(["-fps_mode", "passthrough", "-autoscale", "0"]);
        args.extend(["-f", "yuv4mpegpipe", "-strict", "-1", "pipe:1"]);
        process::run(
            &self.program,
            &args,
            patience(frames),
            |input| input.write_all(stream),
            |output| y4m::read(output, accept, take),
        )
    }

    /// Encodes frames anew, each given by `write`.
    ///
    /// # Errors
    /// Those of [`process::run`]; [`CodecError::Unsupported`] for interlaced video in a coding that has no form for it here.
    pub fn encode(
        &self,
        coding: &Coding,
        container: Container,
        header: &Header,
        frames: u32,
        mut write: impl FnMut(u32, &mut dyn Write) -> std::io::Result<()> + Send,
    ) -> Result<Vec<u8>, CodecError> {
        let mut args = vec!["-hide_banner", "-nostdin", "-loglevel", "quiet"];
        args.extend([
            "-protocol_whitelist",
            "pipe",
            "-format_whitelist",
            "yuv4mpegpipe",
        ]);
        args.extend(["-f", "yuv4mpegpipe", "-i", "pipe:0"]);
        args.extend([
            "-map",
            "0:v:0",
            "-map_metadata",
            "-1",
            "-fps_mode",
            "passthrough",
        ]);
        args.extend([
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
            "-threads",
            THREADS,
        ]);
        args.extend(coding.encoder.iter().flat_map(|part| part.split(' ')));
        match (header.top_field_first, coding.fields) {
            (None, _) => {}
            (Some(top), true) => {
                args.extend(["-flags:v", "+bitexact+ildct+ilme"]);
                args.extend(["-top", if top { "1" } else { "0" }]);
            }
            (Some(_), false) => {
                return Err(CodecError::Unsupported(
                    "interlaced video in this coding is not coded anew",
                ));
            }
        }
        let filter = coding.family.without_user_data();
        args.extend([
            "-bsf:v",
            &filter,
            "-f",
            container.output(coding.family),
            "pipe:1",
        ]);
        process::run(
            &self.program,
            &args,
            patience(frames),
            |input| {
                let mut input = std::io::BufWriter::with_capacity(1 << 20, input);
                input.write_all(header.line().as_bytes())?;
                for i in 0..frames {
                    input.write_all(b"FRAME\n")?;
                    write(i, &mut input)?;
                }
                input.flush()
            },
            everything,
        )
    }

    /// Copies a stream's coded pictures, without user data, sound and metadata.
    ///
    /// # Errors
    /// Those of [`process::run`].
    pub fn copy(&self, coding: &Coding, stream: &[u8], frames: u32) -> Result<Vec<u8>, CodecError> {
        let container = Container::of(stream)?;
        let mut args = input(coding.family, container);
        let filter = coding.family.without_user_data();
        args.extend(["-fflags", "+bitexact", "-c:v", "copy", "-bsf:v", &filter]);
        args.extend(["-f", container.output(coding.family), "pipe:1"]);
        process::run(
            &self.program,
            &args,
            patience(frames),
            |input| input.write_all(stream),
            everything,
        )
    }
}

fn patience(frames: u32) -> Duration {
    PATIENCE + PATIENCE_PER_FRAME * frames
}

/// What the program is told of its input.
fn input(family: Family, container: Container) -> Vec<&'static str> {
    let format = container.name(family);
    vec![
        "-hide_banner",
        "-nostdin",
        "-loglevel",
        "quiet",
        "-protocol_whitelist",
        "pipe",
        "-format_whitelist",
        format,
        "-codec_whitelist",
        family.codec(),
        "-noautorotate",
        "-threads",
        THREADS,
        // Half a picture is no picture.
        "-err_detect",
        "explode",
        "-f",
        format,
        "-i",
        "pipe:0",
        "-map",
        "0:v:0",
        "-map_metadata",
        "-1",
    ]
}

fn everything(output: &mut dyn std::io::Read) -> Result<Vec<u8>, CodecError> {
    let mut all = Vec::new();
    output
        .read_to_end(&mut all)
        .map_err(|_| CodecError::Damaged("the video program's output breaks off"))?;
    if all.is_empty() {
        return Err(CodecError::Damaged("no video came out"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_by_their_first_bytes() {
        let mut packets = vec![0; 400];
        (packets[0], packets[188]) = (0x47, 0x47);
        assert_eq!(Container::of(&packets), Ok(Container::Transport));
        assert_eq!(Container::of(b"\0\0\0\x18ftypisom"), Ok(Container::Mp4));
        assert_eq!(Container::of(&[0, 0, 1, 0xBA, 0]), Ok(Container::Program));
        assert_eq!(Container::of(&[0, 0, 1, 0xB3, 0]), Ok(Container::Bare));
        assert_eq!(Container::of(&[0, 0, 0, 1, 0x67]), Ok(Container::Bare));
        for other in [&b""[..], b"RIFF", &[0, 0, 2]] {
            assert!(Container::of(other).is_err());
        }
    }

    #[test]
    fn user_data_is_counted_by_the_kind_of_unit() {
        let unit = |first: u8| [0, 0, 1, first, 7, 7];
        let h264 = [unit(0x67), unit(0x06), unit(0x65), unit(0x66)].concat();
        assert_eq!(user_data_units(Family::H264, &h264), 2);
        let hevc = [unit(39 << 1), unit(40 << 1), unit(1)].concat();
        assert_eq!(user_data_units(Family::Hevc, &hevc), 2);
        assert_eq!(user_data_units(Family::Mpeg2, &unit(0xB2)), 1);
    }
}
