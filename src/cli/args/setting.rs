//! Flags of settings, made from the table of settings ([`crate::config::settings`]).

use crate::config::Config;
use crate::config::layers::{Layers, Source};
use crate::config::settings::{Kind, SETTINGS, Setting};
use crate::error::Result;
use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use std::ffi::OsString;
use std::path::PathBuf;

/// Flags for settings, and `--config`.
#[derive(Debug, Default)]
pub struct SettingArgs {
    config: Option<PathBuf>,
    given: Vec<(&'static Setting, Vec<OsString>)>,
}

impl SettingArgs {
    /// All layers put together: files, environment, these flags.
    pub fn layers(&self) -> Result<Layers> {
        let mut layers = Layers::new();
        match &self.config {
            Some(file) => layers.add_file(file)?,
            None => layers.add_usual_files()?,
        }
        layers.add_environment(std::env::vars_os())?;
        self.add_flags(&mut layers)?;
        Ok(layers)
    }

    /// These flags over a configuration that was frozen before.
    pub fn over(&self, frozen: &Config) -> Result<Config> {
        let mut layers = Layers::new();
        layers.add_config(frozen)?;
        self.add_flags(&mut layers)?;
        layers.finish()
    }

    fn add_flags(&self, layers: &mut Layers) -> Result<()> {
        for (setting, values) in &self.given {
            let source = Source::Flag(format!("--{}", setting.flag));
            match (setting.kind, values.first()) {
                (Kind::Paths, _) => {
                    layers.set_paths(setting, values.iter().map(PathBuf::from), source)?;
                }
                (_, Some(value)) => layers.set_text(setting, value, source)?,
                (_, None) => {}
            }
        }
        Ok(())
    }
}

const HEADING: &str = "Settings (also in unburn.toml and as UNBURN_ variables)";

impl Args for SettingArgs {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(ValueParser::path_buf())
            .help_heading(HEADING)
            .help("Settings file, read instead of those at the usual places");
        let defaults = Layers::new().show().unwrap_or_default();
        SETTINGS
            .iter()
            .fold(command.arg(config), |command, setting| {
                let default = defaults.iter().find(|(s, ..)| s.key == setting.key);
                let arg = Arg::new(setting.key)
                    .long(setting.flag)
                    .help_heading(HEADING)
                    .help(help_with_default(setting, default.map(|(_, v, _)| v)));
                command.arg(match setting.kind {
                    Kind::Word(words) => arg
                        .value_name("WORD")
                        .value_parser(PossibleValuesParser::new(words)),
                    Kind::Text => arg.value_name("NAME"),
                    Kind::Number => arg
                        .value_name("N")
                        .value_parser(clap::value_parser!(u64).range(..=i64::MAX as u64)),
                    Kind::Switch { bare: true } => arg.action(ArgAction::SetTrue),
                    Kind::Switch { bare: false } => {
                        let parser = PossibleValuesParser::new(["on", "off"]);
                        arg.value_name("SWITCH").value_parser(parser)
                    }
                    Kind::Path => arg
                        .value_name("PATH")
                        .value_parser(ValueParser::os_string()),
                    Kind::Paths => arg
                        .value_name("FILE")
                        .value_parser(ValueParser::os_string())
                        .action(ArgAction::Append),
                })
            })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Help of a setting, with its default where it has one that a flag could give.
fn help_with_default(setting: &Setting, default: Option<&serde_json::Value>) -> String {
    use serde_json::Value;
    let shown = match (setting.kind, default) {
        (Kind::Switch { bare: false }, Some(Value::Bool(on))) => {
            (if *on { "on" } else { "off" }).to_owned()
        }
        (_, Some(Value::String(word))) => word.clone(),
        (_, Some(Value::Number(n))) => n.to_string(),
        _ => return setting.help.to_owned(),
    };
    format!("{} [default: {shown}]", setting.help)
}

impl FromArgMatches for SettingArgs {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let given = SETTINGS
            .iter()
            .filter(|s| matches.value_source(s.key) == Some(clap::parser::ValueSource::CommandLine))
            .map(|s| {
                let values = match s.kind {
                    Kind::Switch { bare: true } => vec!["on".into()],
                    _ => matches
                        .get_raw(s.key)
                        .map(|raw| raw.map(OsString::from).collect())
                        .unwrap_or_default(),
                };
                (s, values)
            })
            .collect();
        Ok(SettingArgs {
            config: matches.get_one::<PathBuf>("config").cloned(),
            given,
        })
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cli, Verb};
    use super::*;
    use clap::Parser;

    #[test]
    fn flags_become_the_last_layer() {
        let cli = Cli::try_parse_from([
            "unburn",
            "scan",
            "a",
            "--policy",
            "all",
            "--margin",
            "5",
            "--cine-union",
            "off",
            "--include-text",
            "--safe-words",
            "x",
            "--safe-words",
            "y",
            "--limit-frames",
            "7",
        ])
        .unwrap();
        let Verb::Scan(args) = cli.command else {
            panic!("not scan")
        };
        let layers = args.settings.layers().unwrap();
        let config = layers.finish().unwrap();
        assert_eq!(config.policy, crate::config::Policy::All);
        assert_eq!((config.margin_px, config.limits.frames), (5, 7));
        assert!(!config.cine_union && config.include_text);
        assert_eq!(config.safe_words, [PathBuf::from("x"), PathBuf::from("y")]);
        let shown = layers.show().unwrap();
        let margin = shown.iter().find(|(s, ..)| s.key == "margin-px").unwrap();
        assert_eq!(margin.2, Source::Flag("--margin".into()));
    }
}
