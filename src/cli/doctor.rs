//! `unburn doctor`: what this program finds around it, and whether it works here.

use super::Exit;
use super::args::DoctorArgs;
use super::output::Out;
use super::selftest::{self, SelfTest};
use super::text::shown;
use crate::detect;
use crate::dicom::support::{self, Loss};
use crate::error::Result;
use crate::models::Models;
use crate::report::SCHEMA;
use serde::Serialize;

#[derive(Serialize)]
struct Findings {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    version: &'static str,
    platform: Platform,
    adapters: Vec<Adapter>,
    /// Why graphics processors that the system shows have no adapter.
    hints: Vec<String>,
    device: Device,
    models: Vec<String>,
    config_files: Vec<String>,
    encodings: Vec<Encoding>,
    self_test: Option<SelfTest>,
    ok: bool,
}

#[derive(Serialize)]
struct Platform {
    os: &'static str,
    arch: &'static str,
    cores: usize,
}

#[derive(Serialize)]
struct Adapter {
    /// What `--device` takes instead of a name.
    number: usize,
    name: String,
    backend: String,
    kind: &'static str,
    driver: String,
    /// PCI address, which `--device` takes as well; empty where unknown.
    pci: String,
    chosen: bool,
    why: String,
}

#[derive(Serialize)]
struct Device {
    asked: String,
    chosen: Option<String>,
    fault: Option<String>,
}

#[derive(Serialize)]
struct Encoding {
    uid: &'static str,
    name: &'static str,
    read: bool,
    lossy: &'static str,
    /// Photometric interpretations of decoded samples, with their bits.
    samples: Vec<String>,
    /// How frames may lie in fragments.
    frames: &'static str,
    /// In which encoding a file is written when something in it was masked.
    masked_as: Option<&'static str>,
    /// What is the same outside the masks.
    exact: &'static str,
}

#[derive(Serialize)]
struct Codecs {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    encodings: Vec<Encoding>,
}

/// Runs the command.
pub fn run(args: DoctorArgs) -> Result<Exit> {
    if args.codecs {
        return codecs(args.json);
    }
    let layers = args.settings.layers()?;
    let config = layers.finish()?;
    let models = Models::open(config.models.as_deref())?;
    let examined = detect::examine(&config.device, &models)?;
    let (chosen, fault, self_test) = match detect::open(&config.device, &models) {
        Err(error) => (None, Some(error.to_string()), None),
        Ok(detector) => match selftest::run(&models, detector.as_ref()) {
            // With `auto`, an adapter that fits may still have been passed over.
            Ok(result) => (Some(detector.device()), examined.problem, Some(result)),
            Err(error) => (Some(detector.device()), Some(error.to_string()), None),
        },
    };
    let findings = Findings {
        schema: SCHEMA,
        kind: "doctor",
        version: env!("CARGO_PKG_VERSION"),
        platform: Platform {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        },
        adapters: examined
            .adapters
            .into_iter()
            .map(|a| Adapter {
                number: a.index,
                name: a.name,
                backend: a.backend,
                kind: a.kind,
                driver: a.driver,
                pci: a.pci,
                chosen: a.chosen,
                why: a.why,
            })
            .collect(),
        hints: examined.hints,
        device: Device {
            asked: config.device.clone(),
            chosen,
            fault,
        },
        models: models.names(),
        config_files: layers
            .files()
            .iter()
            .map(|f| f.display().to_string())
            .collect(),
        encodings: encodings(),
        ok: self_test.is_some_and(SelfTest::passed),
        self_test,
    };
    let mut out = Out::new();
    if args.json {
        out.json(&findings);
    } else {
        lines(&findings).iter().for_each(|l| out.line(&shown(l)));
    }
    out.finish()?;
    Ok(if findings.ok {
        Exit::Done
    } else {
        Exit::CouldNotRun
    })
}

/// The support table alone.
fn codecs(json: bool) -> Result<Exit> {
    let mut out = Out::new();
    if json {
        out.json(&Codecs {
            schema: SCHEMA,
            kind: "codecs",
            encodings: encodings(),
        });
    } else {
        for e in encodings() {
            out.line(&format!("{} ({})", e.name, e.uid));
            let Some(masked_as) = e.masked_as else {
                out.line("    quarantined");
                continue;
            };
            for samples in &e.samples {
                out.line(&format!("    {samples}"));
            }
            out.line(&format!("    frames: {}", e.frames));
            let kept = masked_as == e.uid;
            let how = if kept { "the same" } else { masked_as };
            let exact = match e.exact {
                "" => "coded anew as a whole, near the decoded samples".to_owned(),
                exact => format!("outside the masks the same {exact}"),
            };
            out.line(&format!("    masked: {how}; {exact}"));
        }
        out.line("Everything else is quarantined. Samples that the encoding for masked files has no form for are written as Explicit VR Little Endian.");
    }
    out.finish()?;
    Ok(Exit::Done)
}

fn encodings() -> Vec<Encoding> {
    support::rows()
        .into_iter()
        .map(|row| Encoding {
            uid: row.syntax.uid,
            name: row.syntax.name,
            read: row.written.is_some(),
            lossy: match row.syntax.loss {
                Loss::No => "no",
                Loss::Yes => "yes",
                Loss::Maybe => "maybe",
            },
            samples: row.samples,
            frames: row.frames,
            masked_as: row.written.map(|s| s.uid),
            exact: row.exact,
        })
        .collect()
}

fn lines(f: &Findings) -> Vec<String> {
    let p = &f.platform;
    let mut lines = vec![format!(
        "unburn {} on {} {}, {} cores",
        f.version, p.os, p.arch, p.cores
    )];
    for file in &f.config_files {
        lines.push(format!("settings    {file}"));
    }
    for a in &f.adapters {
        lines.push(format!(
            "adapter {:<3} {} ({}, {}{}; {}): {}{}",
            a.number,
            a.name,
            a.kind,
            a.backend,
            if a.pci.is_empty() {
                String::new()
            } else {
                format!(", {}", a.pci)
            },
            a.driver,
            if a.chosen { "chosen, " } else { "" },
            a.why
        ));
    }
    if f.adapters.is_empty() {
        lines.push("adapter     none: no driver was found".into());
    }
    lines.extend(f.hints.iter().map(|h| format!("hint        {h}")));
    lines.push(format!(
        "device      asked: {}, chosen: {}",
        f.device.asked,
        f.device.chosen.as_deref().unwrap_or("none")
    ));
    if let Some(fault) = &f.device.fault {
        lines.push(format!("            {fault}"));
    }
    for model in &f.models {
        lines.push(format!("model       {model}"));
    }
    for e in f.encodings.iter().filter(|e| e.read) {
        let masked = match e.masked_as {
            Some(uid) if uid == e.uid => "masked files keep it".to_owned(),
            Some(uid) => format!("masked files are written as {uid}"),
            None => String::new(),
        };
        lines.push(format!("encoding    {} ({}): {masked}", e.name, e.uid));
    }
    let refused = f.encodings.iter().filter(|e| !e.read).count();
    lines.push(format!(
        "encoding    {refused} more are known by name and quarantined (--json lists them)"
    ));
    match f.self_test {
        None => lines.push("self-test   not run".into()),
        Some(t) => {
            let word = |ok: bool| if ok { "ok" } else { "FAILED" };
            lines.push(format!("self-test   finds text: {}", word(t.finds_text)));
            lines.push(format!(
                "self-test   same answer as the processor: {}",
                word(t.equals_cpu)
            ));
            lines.push(format!("self-test   reads text: {}", word(t.reads_text)));
        }
    }
    lines
}
