//! The command line: one definition for parsing, help, man pages and completions.

mod jobs;
mod setting;
mod site;

pub use jobs::*;
pub use setting::SettingArgs;
pub use site::*;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Exit codes: 0 every file clean, masked or skipped; 1 could not run; 2 usage; 3 finished, but some file needs review, was \
quarantined or failed, or a verified pair did not hold; 4 text found, with --fail-on-found; 130 interrupted.

`unburn help reasons` lists every reason why a file is not written, and what can be done about it.";

/// Removes burned-in text from DICOM images, checks what it wrote, and says only what it did.
#[derive(Debug, Parser)]
#[command(name = "unburn", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Verb,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Mask burned-in text in files and folders; write checked copies
    Redact(RedactArgs),
    /// Build and print the plan for files and folders; write no image
    Scan(ScanArgs),
    /// Archive jobs over folders: with a journal, resumable after a kill, whole series or nothing
    #[command(subcommand)]
    Batch(Box<BatchVerb>),
    /// Treat paths from stdin, one JSON result a line on stdout, for engines that hand out work themselves
    Worker(WorkerArgs),
    /// Write the statement for a privacy office about jobs: what was done, what was held back, what is not covered
    Report(StatementArgs),
    /// Tell holders of the key what left for a patient, when, to whom and under which profile
    Trace(TraceArgs),
    /// Draw one frame before and after, with boxes and reasons, as a PNG picture or a page
    Preview(PreviewArgs),
    /// Serve a local web page on which a technician looks at each file, corrects it and approves it
    Review(ReviewArgs),
    /// Check a redacted file against its original, or look for readable text in one file
    Verify(VerifyArgs),
    /// Show adapters, the chosen device, models, encodings, and run a self-test
    Doctor(DoctorArgs),
    /// Settings and where they come from
    #[command(subcommand)]
    Config(ConfigVerb),
    /// The project key, which makes new UIDs repeatable
    #[command(subcommand)]
    Key(KeyVerb),
    /// Confidentiality profiles: what becomes of each header attribute
    #[command(subcommand)]
    Profile(ProfileVerb),
    /// The site's equipment file: what is always masked on known equipment
    #[command(subcommand)]
    Templates(TemplatesVerb),
    /// The list of patients that opted out
    #[command(subcommand)]
    Optout(OptoutVerb),
    /// Print a completion script for a shell
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page, of the program or of one command
    Man {
        /// Which command.
        command: Vec<String>,
    },
    /// Draws the pages of a PDF from stdin, for this program itself (see `codec::pdf`)
    #[command(hide = true)]
    DrawPages,
    /// Print help on a command, or on `reasons`
    Help {
        /// A command, or `reasons`.
        topic: Vec<String>,
    },
}

/// `unburn redact`
#[derive(Debug, Args)]
pub struct RedactArgs {
    /// Files and folders to treat.
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// Folder for the outputs; the tree of a folder is mirrored there. Must not lie inside an input.
    #[arg(short, long, value_name = "DIR", required_unless_present = "dry_run")]
    pub output: Option<PathBuf>,
    /// Print the plan that would be carried out; write no image.
    #[arg(long)]
    pub dry_run: bool,
    /// Replace existing outputs, reports and quarantine entries. Inputs are never replaced.
    #[arg(long)]
    pub overwrite: bool,
    /// Project key (at least 32 bytes, hex or raw); `UNBURN_KEY` may hold the key itself instead.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The report once more with opaque ids and keyed digests instead of paths and digests: fit to be passed on.
    #[arg(long, value_name = "FILE.jsonl")]
    pub share_report: Option<PathBuf>,
    /// Append to this encrypted map which new UIDs stand for which old ones; `unburn key map` reads it. Off by default.
    #[arg(long, value_name = "FILE")]
    pub reidentification_map: Option<PathBuf>,
    /// Leave a reference and the reason for every file that was not written in this folder.
    #[arg(long, value_name = "DIR")]
    pub quarantine: Option<PathBuf>,
    /// Copy the input there as well.
    #[arg(long, requires = "quarantine")]
    pub quarantine_copy: bool,
    #[command(flatten)]
    pub output_args: OutputArgs,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn scan`
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// Files and folders to search.
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// Exit with 4 if text was found that no rule keeps.
    #[arg(long)]
    pub fail_on_found: bool,
    /// Replace an existing report.
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub output_args: OutputArgs,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn preview`
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// The file to show.
    pub file: PathBuf,
    /// Picture or page to write.
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    /// Write one self-contained web page instead of a picture: what would be written, its boxes and their reasons.
    #[arg(long)]
    pub html: bool,
    /// Show the picture as it was on that page as well, behind a slider.
    #[arg(long, requires = "html")]
    pub include_original: bool,
    /// Frame to show, counted from 0 as in reports.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        conflicts_with = "projection"
    )]
    pub frame: u32,
    /// Show the brightest value of every pixel over all frames, where fixed text stands out.
    #[arg(long)]
    pub projection: bool,
    /// Replace an existing picture.
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn review`
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Files and folders to review; or the folder of a job, for what it holds back.
    #[arg(required = true, value_name = "IN | JOB")]
    pub inputs: Vec<PathBuf>,
    /// Folder for what is approved; without it approvals are recorded and nothing is written.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Folder in which edits and decisions are kept; made new, or gone on with. Default: below the user's state folder.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes any free one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Do not open the browser.
    #[arg(long)]
    pub no_open: bool,
    /// Who reviews; signs edits and decisions. The page asks where this is not given.
    #[arg(long, value_name = "NAME")]
    pub reviewer: Option<String>,
    /// A second, different person has to approve each file before it is written.
    #[arg(long)]
    pub two_person: bool,
    /// Review N files drawn from all, the same ones every time, and tell what they say about the rest.
    #[arg(long, value_name = "N")]
    pub sample: Option<usize>,
    /// End when nothing was asked for so many minutes.
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub idle_minutes: u64,
    /// Replace existing outputs of another origin. Inputs are never replaced.
    #[arg(long)]
    pub overwrite: bool,
    /// Project key (at least 32 bytes, hex or raw); `UNBURN_KEY` may hold the key itself instead.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The original; or, alone, the file to look at.
    #[arg(value_name = "ORIGINAL")]
    pub original: PathBuf,
    /// The redacted file.
    #[arg(value_name = "REDACTED")]
    pub redacted: Option<PathBuf>,
    /// One file: exit with 4 if text was found that no rule keeps.
    #[arg(long, conflicts_with = "redacted")]
    pub fail_on_found: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Print only the support table: what is read in which encoding, and how it is written when masked.
    #[arg(long)]
    pub codecs: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn config show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// What is told about many files, and how.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Write one JSON object a file, then a summary, to this file. It holds paths: only its owner can read it.
    #[arg(long, value_name = "FILE.jsonl")]
    pub report: Option<PathBuf>,
    /// Print the same objects instead of lines for people.
    #[arg(long)]
    pub json: bool,
    /// How progress is shown on stderr; `auto` is a bar on a terminal and a line every ten seconds elsewhere.
    #[arg(long, value_enum, default_value_t = ProgressKind::Auto, value_name = "KIND")]
    pub progress: ProgressKind,
}

/// Ways to show progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressKind {
    /// A bar on a terminal, lines elsewhere.
    Auto,
    /// A bar.
    Bar,
    /// A line every ten seconds.
    Plain,
    /// A JSON object every second.
    Json,
    /// Nothing.
    None,
}

/// A line of text that is told later.
fn told(text: &str) -> std::result::Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("it says nothing".into()),
        1..=200 if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err("one line of at most 200 characters".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn usage_errors_are_found_by_parsing() {
        for line in [
            "unburn redact a",
            "unburn redact -o out",
            "unburn redact a -o out --policy some",
            "unburn redact a -o out --quarantine-copy",
            "unburn redact a -o out --names other",
            "unburn optout add list --accession --study",
            "unburn scan a --cine-union maybe",
            "unburn scan a --jobs -1",
            "unburn verify a b --fail-on-found",
            "unburn preview a",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
