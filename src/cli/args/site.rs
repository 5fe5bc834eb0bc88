//! Arguments of the commands for what a site keeps: settings, keys, profiles, templates, opt-outs.

use super::{ShowArgs, told};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `unburn config …`
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Print every setting with its value and where it came from
    Show(ShowArgs),
}

/// `unburn key …`
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Write a new key file that only its owner can read; never replaces a file
    New {
        /// Where to write it.
        file: PathBuf,
    },
    /// Print a map of UIDs that `redact --reidentification-map` wrote, as JSON lines: it identifies patients
    Map {
        /// The map.
        file: PathBuf,
        /// Project key that it was written with; `UNBURN_KEY` may hold the key itself instead.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Only records in which this new UID stands.
        #[arg(long, value_name = "UID")]
        uid: Option<String>,
    },
}

/// `unburn profile …`
#[derive(Debug, Subcommand)]
pub enum ProfileVerb {
    /// Print a profile: options, overrides, and what it makes of each attribute of PS3.15 table E.1-1
    Show {
        /// A preset (basic, public, research, vendor) or a file.
        #[arg(default_value = "basic")]
        profile: String,
        /// Further options, separated by commas.
        #[arg(long, default_value = "")]
        options: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print the attributes of which two profiles make different things
    Diff {
        /// A preset or a file.
        first: String,
        /// A preset or a file.
        second: String,
    },
}

/// `unburn templates …`
#[derive(Debug, Subcommand)]
pub enum TemplatesVerb {
    /// Make an equipment file from the rules of another program, and tell every rule that could not be taken over
    Import(ImportArgs),
}

/// `unburn templates import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A script of CTP's DicomPixelAnonymizer, or a recipe of deid.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The language of the file; told from what is in it if not said.
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub form: Option<FormKind>,
    /// Where the templates go; stdout if not said.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace an existing file.
    #[arg(long, requires = "output")]
    pub overwrite: bool,
    /// Who approved these rules, written into every template. Without a name no place is taken over where doubtful text
    /// stays.
    #[arg(long, value_name = "NAME", value_parser = told)]
    pub approved_by: Option<String>,
    /// Print what became of the rules as one JSON object.
    #[arg(long, requires = "output")]
    pub json: bool,
}

/// Languages of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormKind {
    /// CTP DicomPixelAnonymizer script.
    Ctp,
    /// Deid recipe.
    Deid,
}

/// `unburn optout …`
#[derive(Debug, Subcommand)]
pub enum OptoutVerb {
    /// Add patients to a list, starting it if need be, and confirm it as of today; without ids only confirm it
    Add(OptoutArgs),
    /// Print key, day and hashes of a list
    List {
        /// The list.
        list: PathBuf,
        /// Project key; `UNBURN_KEY` may hold the key itself instead.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Tell whether patients are on a list; exits with 4 if any is
    Check(OptoutArgs),
    /// Print the outputs of jobs that are to be deleted at each recipient, now that a list has grown; exits with 4 if
    /// there are any
    Recall {
        /// The list.
        list: PathBuf,
        /// Folders of jobs, or of a watcher.
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<PathBuf>,
        /// Project key; `UNBURN_KEY` may hold the key itself instead.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

/// Whom an opt-out is about.
#[derive(Debug, Args)]
pub struct OptoutArgs {
    /// The list.
    pub list: PathBuf,
    /// Patient ids; `-` reads them from stdin, one a line, so that they stay out of the history of the shell.
    pub ids: Vec<String>,
    /// Project key; `UNBURN_KEY` may hold the key itself instead.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Issuer of the patient ids (0010,0021); without it an id stands for all issuers.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["accession", "study"])]
    pub issuer: Option<String>,
    /// The ids are accession numbers.
    #[arg(long, conflicts_with = "study")]
    pub accession: bool,
    /// The ids are Study Instance UIDs.
    #[arg(long)]
    pub study: bool,
}
