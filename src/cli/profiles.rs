//! `unburn profile`: what a profile makes of the header, and how two differ.

use super::Exit;
use super::args::ProfileVerb;
use super::output::Out;
use crate::error::Result;
use crate::profile::{Choice, Profile, options::CHOICES, table};
use serde_json::json;
use std::collections::BTreeSet;

/// Runs the command.
pub fn run(verb: ProfileVerb) -> Result<Exit> {
    let mut out = Out::new();
    match verb {
        ProfileVerb::Show {
            profile,
            options,
            json,
        } => {
            let profile = Profile::open(&profile, &Choice::list(&options)?)?;
            if json {
                out.json(&object(&profile));
            } else {
                show(&profile, &mut out);
            }
        }
        ProfileVerb::Diff { first, second } => {
            let open = |name: &str| Profile::open(name, &BTreeSet::new());
            let (a, b) = (open(&first)?, open(&second)?);
            for row in table::rows() {
                let ((x, why_x), (y, why_y)) = (a.effect(row), b.effect(row));
                if x != y {
                    let (tag, name) = (shown(row.pattern), row.keyword);
                    out.line(&format!(
                        "{tag:<12} {name:<48} {x} ({why_x}) -> {y} ({why_y})"
                    ));
                }
            }
            for (tag, o) in a.overrides.iter().chain(&b.overrides) {
                let both = a.overrides.get(tag).map(|o| o.action)
                    == b.overrides.get(tag).map(|o| o.action);
                if table::row(*tag).is_none() && !both {
                    out.line(&format!(
                        "{:<12} override: {:?} ({})",
                        o.tag, o.action, o.reason
                    ));
                }
            }
        }
    }
    out.finish()?;
    Ok(Exit::Done)
}

/// `(gggg,eeee)` of the eight digits of the table.
fn shown(pattern: &str) -> String {
    match (pattern.get(..4), pattern.get(4..8)) {
        (Some(g), Some(e)) if pattern.len() == 8 => format!("({g},{e})"),
        _ => pattern.to_owned(),
    }
}

fn object(profile: &Profile) -> serde_json::Value {
    let rows: Vec<serde_json::Value> = table::rows()
        .iter()
        .map(|row| {
            let (action, rule) = profile.effect(row);
            json!({"tag": row.pattern, "keyword": row.keyword, "vr": row.vr, "action": action, "rule": rule})
        })
        .collect();
    let overrides: Vec<_> = profile.overrides.values().collect();
    json!({
        "schema": crate::report::SCHEMA, "type": "profile", "name": profile.name, "about": profile.about,
        "edition": table::EDITION, "options": profile.options, "overrides": overrides, "attributes": rows,
        "codes": profile.codes(), "longitudinal": profile.longitudinal(),
    })
}

fn show(profile: &Profile, out: &mut Out) {
    out.line(&format!("{}: {}", profile.name, profile.about));
    out.line(&format!("PS3.15 table E.1-1, edition {}", table::EDITION));
    for (choice, name, _, code, meaning) in CHOICES {
        let state = if profile.has(*choice) { "on " } else { "off" };
        out.line(&format!("  {state} {name:<32} {code} {meaning}"));
    }
    for o in profile.overrides.values() {
        out.line(&format!(
            "  override {} {:?}: {}",
            o.tag, o.action, o.reason
        ));
    }
    for o in profile.weakened() {
        out.line(&format!(
            "  no code of CID 7050 is claimed: the standard takes {} away",
            o.tag
        ));
    }
    for row in table::rows() {
        let (action, rule) = profile.effect(row);
        let (tag, name, vr) = (shown(row.pattern), row.keyword, row.vr);
        out.line(&format!("{tag:<12} {vr:<2} {action:<6} {name:<56} {rule}"));
    }
    out.line("Attributes that the table does not list go unless they are known to be harmless; dates follow the date options.");
}
