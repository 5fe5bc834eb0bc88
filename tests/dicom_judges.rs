//! Written objects before judges from outside: dcmtk's `dcmdump` reads them to the end, dicom3tools' `dciodvfy` finds no
//! error that the input lacked, `gdcmconv` decodes them. Each is said aloud where it is missing.
//!
//! Works on `samples/`, through reading and writing alone: nothing is searched, one rectangle is masked.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use unburn::config::Limits;
use unburn::dicom::support::EXPLICIT_BE;
use unburn::dicom::{
    BurnedInClaim, Carrier, Changes, FrameOut, Object, WriteRequest, check_written, header_ops,
    read, support, write,
};
use unburn::key::Key;

/// Writes a copy of `from`, untouched or with a masked corner in its first frame.
fn copy(from: &Path, to: &Path, mask: bool) {
    let object = read(from, &Limits::default()).unwrap();
    let needs_frames = mask || object.carriers().pixel_data_needs_cleaning();
    let out_syntax = support::write_syntax(object.support(), &object.facts().format, mask);
    let changes = Changes {
        masked_frames: if mask { vec![0] } else { Vec::new() },
        text: true,
        face: false,
        frames_written: needs_frames,
        recoded: mask,
        out_syntax,
        burned_in: BurnedInClaim::No,
        remove: vec![
            Carrier::Icons,
            Carrier::Overlays,
            Carrier::Curves,
            Carrier::PrivatePictures,
        ],
        overlays: Vec::new(),
        claims: None,
        video_bytes: None,
    };
    let key = Key::from_content(&[b'k'; 40]).unwrap();
    let request = WriteRequest {
        out_syntax,
        deidentified: None,
        ops: &header_ops(&object, &changes, &key),
        copy_pixel_data: !needs_frames,
        clear_high_bits: mask,
        strip_streams: needs_frames,
        video: None,
    };
    let mut frames = |i: u32| {
        if !mask || i > 0 {
            return Ok(FrameOut::Kept);
        }
        let mut frame = object.frame(i)?;
        for y in 0..8.min(frame.format.rows) {
            for x in 0..16.min(frame.format.cols) {
                for c in 0..usize::from(frame.format.samples_per_pixel) {
                    frame.set_word(x, y, c, 0);
                }
            }
        }
        Ok(FrameOut::Samples(frame))
    };
    let mut out = fs::File::create(to).unwrap();
    let written = write(&object, &request, &mut frames, &mut out).unwrap();
    let again =
        check_written(to, &object, out_syntax, &written, false, &Limits::default()).unwrap();
    for i in u32::from(mask)..object.facts().frames {
        let (mut before, after) = (object.frame(i).unwrap(), again.frame(i).unwrap());
        if mask {
            unburn::dicom::clear_high_bits(&mut before);
        }
        assert!(before == after, "{}: frame {i}", from.display());
    }
}

fn inputs() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(common::samples())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "dcm"))
        .collect();
    files.sort();
    files
}

#[test]
fn copies_and_masked_copies_please_tools_of_other_makers() {
    let place = common::Place::new();
    let files = inputs();
    assert!(files.len() >= 12, "the samples are missing");
    for from in files {
        for mask in [false, true] {
            let to = place.path("out.dcm");
            copy(&from, &to, mask);
            let shown = format!("{} (mask: {mask})", from.display());
            if let Some(mut dump) = common::tool("dcmdump") {
                let ran = common::finish(dump.arg("-q").arg(&to));
                assert_eq!((ran.code, ran.err.as_str()), (0, ""), "dcmdump: {shown}");
            }
            if let Some(mut convert) = common::tool("gdcmconv") {
                let raw = place.path("raw.dcm");
                let ran = common::finish(convert.arg("--raw").arg(&to).arg(&raw));
                assert_eq!(ran.code, 0, "gdcmconv: {shown}: {}", ran.err);
            }
            if let (Some(before), Some(after)) =
                (common::iod_errors(&from), common::iod_errors(&to))
            {
                let new: Vec<_> = after.iter().filter(|e| !before.contains(e)).collect();
                assert!(new.is_empty(), "dciodvfy: {shown}: {new:?}");
            }
        }
    }
}

/// Top-level elements as dcmtk prints them, by tag: an element with everything in it. File meta is left out, it is made new.
fn elements(file: &Path) -> Option<BTreeMap<String, String>> {
    let ran = common::finish(common::tool("dcmdump")?.args(["-q", "+L"]).arg(file));
    assert_eq!(ran.code, 0, "dcmdump: {}", file.display());
    let mut elements = BTreeMap::new();
    let mut tag = String::new();
    for line in ran.out.lines() {
        if line.starts_with('(') && !line.starts_with("(fffe") {
            tag = line.chars().take(11).collect();
        }
        if !tag.is_empty() && !tag.starts_with("(0002") && !line.starts_with('#') {
            let text: &mut String = elements.entry(tag.clone()).or_default();
            text.push_str(line);
            text.push('\n');
        }
    }
    Some(elements)
}

/// What the operations of a copy without masks may touch. Sequences from which something nested goes are looked at apart.
fn may_differ(object: &Object, tag: &str) -> bool {
    let carriers = object.carriers();
    let nested = carriers.nested;
    let pixels = carriers.pixel_data_needs_cleaning() || object.support().uid == EXPLICIT_BE;
    match tag {
        "(0008,0018)" | "(0018,a001)" | "(0028,0301)" => true,
        "(0028,2110)" | "(0028,2112)" | "(0028,2114)" => object.stream_lossy(),
        "(0088,0200)" => nested.icons > 0,
        "(7fe0,0010)" | "(7fe0,0001)" | "(7fe0,0002)" | "(7fe0,0003)" => pixels,
        // Signatures over what has changed.
        "(4ffe,0001)" | "(fffa,fffa)" | "(fffc,fffc)" => true,
        t if odd_group(t) && nested.private > 0 => true,
        t if t.starts_with("(60") => nested.overlays > 0,
        t if t.starts_with("(50") => nested.curves > 0,
        // Group lengths would be stale.
        t => t.ends_with(",0000)"),
    }
}

fn odd_group(tag: &str) -> bool {
    u16::from_str_radix(&tag[1..5], 16).is_ok_and(|g| g % 2 == 1)
}

#[test]
fn a_copy_without_masks_differs_only_in_what_its_operations_name() {
    let place = common::Place::new();
    let mut files = inputs();
    if let Some(corpus) = std::env::var_os("UNBURN_CORPUS") {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(corpus)
            .join("files");
        files.extend(fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()));
    } else {
        common::skip("copies of the corpus: set UNBURN_CORPUS to its folder");
    }
    let mut compared = 0;
    for from in files {
        let Ok(object) = read(&from, &Limits::default()) else {
            continue;
        };
        // What has to be repaired while reading is another file.
        let nested = object.carriers().nested;
        let items = nested.icons + nested.overlays + nested.curves + nested.pixel_data > 0;
        if !object.notes().is_empty() || items && nested.pixel_data > 0 {
            continue;
        }
        let to = place.path("copy.dcm");
        copy(&from, &to, false);
        let (Some(before), Some(after)) = (elements(&from), elements(&to)) else {
            return;
        };
        let tags: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed: Vec<_> = tags
            .into_iter()
            .filter(|t| before.get(*t) != after.get(*t) && !may_differ(&object, t))
            .collect();
        assert!(changed.is_empty(), "{}: {changed:?}", from.display());
        compared += 1;
    }
    assert!(compared >= 12, "only {compared} files were compared");
}
