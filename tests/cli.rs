//! The program as users meet it: exit codes, what goes to stdout and what to stderr. Nothing here needs the engine.

use std::path::Path;
use std::process::{Command, Output};

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs the program in `folder`, away from the settings and keys of whoever runs the tests.
fn unburn_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unburn"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("UNBURN_") {
            command.env_remove(name);
        }
    }
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .current_dir(folder)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("APPDATA", folder.join("config"))
        .envs(variables.iter().copied())
        .args(arguments)
        .output()
        .unwrap();
    Ran {
        code: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

fn unburn(folder: &Path, arguments: &[&str]) -> Ran {
    unburn_with(folder, arguments, &[])
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn help_and_version_are_data_and_succeed() {
    let t = folder();
    for arguments in [
        &["--help"][..],
        &["help"],
        &["help", "redact"],
        &["redact", "--help"],
        &["--version"],
        &["man"],
        &["man", "config", "show"],
        &["completions", "bash"],
    ] {
        let ran = unburn(t.path(), arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stdout.contains("unburn") && ran.stderr.is_empty());
    }
}

#[test]
fn both_ways_to_the_reasons_list_every_code() {
    let t = folder();
    let by_flag = unburn(t.path(), &["--help", "reasons"]);
    let by_command = unburn(t.path(), &["help", "reasons"]);
    assert_eq!((by_flag.code, by_command.code), (0, 0));
    assert_eq!(by_flag.stdout, by_command.stdout);
    for reason in unburn::outcome::Reason::ALL {
        let head = format!("\n{} ({})\n", reason.code(), reason.outcome().name());
        assert!(by_flag.stdout.contains(&head), "{}", reason.code());
        assert!(by_flag.stdout.contains(reason.remedy()));
    }
}

#[test]
fn usage_errors_exit_with_2_and_print_no_data() {
    let t = folder();
    std::fs::write(t.path().join("a"), "x").unwrap();
    for line in [
        "",
        "frobnicate",
        "redact a",
        "redact a -o out --profile-options nothing",
        "redact a -o out --keep-metadata --policy some",
        "redact a -o out --keep-metadata --grid 0",
        "redact a -o out --keep-metadata --key short.key",
        "scan a --report a",
        "preview a -o a --overwrite",
        "help nonsense",
        "verify .",
    ] {
        std::fs::write(t.path().join("short.key"), "too short").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(t.path().join("short.key"), private).unwrap();
        }
        let arguments: Vec<&str> = line.split(' ').filter(|a| !a.is_empty()).collect();
        let ran = unburn(t.path(), &arguments);
        assert_eq!(ran.code, 2, "{line}: {}", ran.stderr);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{line}");
    }
    assert_eq!(std::fs::read(t.path().join("a")).unwrap(), b"x");
    assert!(!t.path().join("out").exists());
}

#[test]
fn profiles_options_and_lists_that_do_not_hold_stop_the_run() {
    let t = folder();
    std::fs::write(t.path().join("a"), "x").unwrap();
    for (wrong, code) in [
        ("--profile nothing-of-this-name", 1),
        ("--profile-options everything", 2),
        ("--profile-options full-dates,modified-dates", 2),
        ("--opt-out missing-list", 1),
        ("--pseudonyms missing-table", 1),
        ("--reidentification-map map", 2),
    ] {
        let mut args = vec!["redact", "a", "-o", "out", "--device", "cpu"];
        args.extend(wrong.split(' '));
        let ran = unburn(t.path(), &args);
        assert_eq!(ran.code, code, "{wrong}: {}", ran.stderr);
        assert!(!t.path().join("out").exists());
    }
}

#[test]
fn outputs_among_inputs_are_refused() {
    let t = folder();
    std::fs::create_dir_all(t.path().join("in/sub")).unwrap();
    std::fs::create_dir_all(t.path().join("b")).unwrap();
    for file in ["in/sub/IM1", "one", "b/one"] {
        std::fs::write(t.path().join(file), "x").unwrap();
    }
    for line in [
        "in -o in",
        "in -o in/out",
        "in -o out/../in/sub",
        "one -o .",
        "in -o out --quarantine in/q",
        "in -o out --quarantine out",
        "in -o out --quarantine out/q",
        "in -o q/out --quarantine q",
        "one b/one -o out",
    ] {
        let mut arguments = vec!["redact", "--keep-metadata"];
        arguments.extend(line.split(' '));
        let ran = unburn(t.path(), &arguments);
        assert_eq!(ran.code, 2, "{line}: {}", ran.stderr);
    }
    assert!(!t.path().join("out").exists());
}

#[test]
fn a_missing_input_or_settings_file_exits_with_1() {
    let t = folder();
    std::fs::write(t.path().join("a"), "x").unwrap();
    for line in [
        "scan nope",
        "redact a nope -o out --keep-metadata",
        "verify nope",
        "preview nope -o p.png",
        "config show --config nope.toml",
        "redact a -o out --keep-metadata --key nope.key",
    ] {
        let ran = unburn(t.path(), &line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 1, "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("nope"), "{line}: {}", ran.stderr);
    }
}

#[test]
fn config_show_tells_where_values_come_from() {
    let t = folder();
    let user = t.path().join("config").join("unburn");
    std::fs::create_dir_all(&user).unwrap();
    std::fs::write(user.join("unburn.toml"), "policy = \"all\"\ngrid-px = 16\n").unwrap();
    std::fs::write(t.path().join("unburn.toml"), "grid-px = 4\n").unwrap();
    let arguments = ["config", "show", "--json", "--margin", "7"];
    let ran = unburn_with(t.path(), &arguments, &[("UNBURN_JOBS", "3")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let shown: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let setting = |key: &str| {
        let entry = &shown["settings"][key];
        (
            entry["value"].to_string(),
            entry["source"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(setting("margin-px"), ("7".into(), "--margin".into()));
    assert_eq!(setting("jobs"), ("3".into(), "UNBURN_JOBS".into()));
    assert_eq!(setting("grid-px"), ("4".into(), "unburn.toml".into()));
    let (policy, source) = setting("policy");
    assert!(policy == "\"all\"" && source.ends_with("unburn.toml") && source.len() > 12);
    assert_eq!(setting("device").1, "default");
    assert_eq!(shown["config_sha256"].as_str().unwrap().len(), 64);

    // `--config` is read instead of the files at the usual places.
    std::fs::write(t.path().join("own.toml"), "sensitivity = \"high\"").unwrap();
    let ran = unburn(t.path(), &["config", "show", "--config", "own.toml"]);
    let policy = ran.stdout.lines().find(|l| l.starts_with("policy"));
    assert!(policy.unwrap().contains("safe-list") && ran.stdout.contains("own.toml"));
}

#[test]
fn a_misspelt_setting_stops_the_run_and_is_named() {
    let t = folder();
    std::fs::write(t.path().join("unburn.toml"), "polcy = \"all\"\n").unwrap();
    let ran = unburn(t.path(), &["config", "show"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("`polcy`") && ran.stderr.contains("unburn.toml"));
    std::fs::remove_file(t.path().join("unburn.toml")).unwrap();
    let ran = unburn_with(t.path(), &["config", "show"], &[("UNBURN_POLCY", "all")]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("UNBURN_POLCY"));
}

#[test]
fn key_new_writes_a_private_file_once() {
    let t = folder();
    let ran = unburn(t.path(), &["key", "new", "site.key"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let path = t.path().join("site.key");
    let key = std::fs::read_to_string(&path).unwrap();
    assert_eq!(key.trim().len(), 64);
    assert_eq!(ran.stdout.trim().len(), 8);
    assert!(!ran.stdout.contains(key.trim()) && !ran.stderr.contains(key.trim()));
    assert_eq!(unburn(t.path(), &["key", "new", "site.key"]).code, 1);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), key);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::write(t.path().join("a"), "x").unwrap();
        let line = [
            "redact",
            "a",
            "-o",
            "out",
            "--keep-metadata",
            "--key",
            "site.key",
        ];
        let ran = unburn(t.path(), &line);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("chmod 600"), "{}", ran.stderr);
    }
}

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let t = folder();
    let ran = unburn(t.path(), &["scan", "gone\u{1b}[2J\u{202e}x"]);
    assert_eq!(ran.code, 1);
    assert!(!ran.stderr.contains('\u{1b}') && !ran.stderr.contains('\u{202e}'));
    assert!(
        ran.stderr.contains("\\u{1b}[2J\\u{202e}x"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_readme_names_every_command_and_flag() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let readme = readme.unwrap();
    let t = folder();
    let commands: [&[&str]; 6] = [
        &["redact"],
        &["scan"],
        &["preview"],
        &["verify"],
        &["doctor"],
        &["config", "show"],
    ];
    for command in commands {
        assert!(readme.contains(&format!("unburn {}", command.join(" "))));
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let help = unburn(t.path(), &arguments).stdout;
        let flags: Vec<&str> = help
            .split_whitespace()
            .filter(|w| w.starts_with("--") && w.len() > 2)
            .map(|w| w.trim_end_matches([',', ';', '.', ')', ']', '`']))
            .collect();
        assert!(flags.len() > 5, "{help}");
        for flag in flags.into_iter().filter(|f| *f != "--help") {
            assert!(readme.contains(&format!("`{flag}")), "{command:?} {flag}");
        }
    }
}

#[test]
fn doctor_finds_its_models_and_passes_its_self_test_on_the_processor() {
    let t = folder();
    let ran = unburn(t.path(), &["doctor", "--json", "--device", "cpu"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(found["ok"], true);
    assert_eq!(found["models"].as_array().unwrap().len(), 3);
    let chosen = found["device"]["chosen"].as_str().unwrap();
    assert!(chosen.starts_with("cpu"), "{chosen}");
    let encodings = found["encodings"].as_array().unwrap();
    assert!(encodings.iter().any(|e| e["read"] == true));
    assert!(
        encodings
            .iter()
            .any(|e| e["read"] == false && e["masked_as"].is_null())
    );
    // An adapter of that name is nowhere.
    let ran = unburn(t.path(), &["doctor", "--device", "No Such Adapter"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("chosen: none"), "{}", ran.stdout);
}
