//! Makes `samples/`: synthetic DICOM files with known text, a text-free twin of each, and `truth.json`.
//!
//! `cargo run --example make_samples [FOLDER]` writes the same bytes on every run and machine: chance comes from a
//! seeded generator, dates and UIDs are fixed, and floats only meet operations that IEEE 754 rounds exactly.

mod chance;
mod glyphs;
mod header;
mod picture;
mod recipes;
mod scene;
mod sheet;
mod strokes;
mod write;

use serde::Serialize;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

/// `truth.json`: what is written where in every sample.
#[derive(Serialize)]
struct TruthFile {
    schema: u32,
    files: Vec<recipes::Truth>,
    odd: &'static [recipes::odd::Odd],
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("samples"), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let mut files = Vec::new();
    for recipe in recipes::all() {
        files.extend(recipe.make(&folder)?);
    }
    recipes::odd::make(&folder.join("odd"))?;
    let truth = TruthFile {
        schema: 1,
        files,
        odd: recipes::odd::ODD,
    };
    let mut text = serde_json::to_string_pretty(&truth)?;
    text.push('\n');
    fs::write(folder.join("truth.json"), text)?;
    println!("samples and truth written to `{}`", folder.display());
    Ok(())
}
