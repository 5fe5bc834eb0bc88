//! The page itself, compiled in. A file of `assets/` is served when it has a line here (`tests/page.rs` checks that each has).

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";
const PICTURE: &str = "image/svg+xml";

/// Path, media type and content of every file of the page.
pub const ASSETS: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("assets/index.html")),
    ("/page.js", SCRIPT, include_str!("assets/page.js")),
    ("/page.css", STYLE, include_str!("assets/page.css")),
    ("/keys.json", JSON, include_str!("assets/keys.json")),
    ("/icon.svg", PICTURE, include_str!("assets/icon.svg")),
    ("/api.js", SCRIPT, include_str!("assets/api.js")),
    ("/boxes.js", SCRIPT, include_str!("assets/boxes.js")),
    ("/changing.js", SCRIPT, include_str!("assets/changing.js")),
    ("/decide.js", SCRIPT, include_str!("assets/decide.js")),
    ("/dialogs.js", SCRIPT, include_str!("assets/dialogs.js")),
    ("/dom.js", SCRIPT, include_str!("assets/dom.js")),
    ("/edits.js", SCRIPT, include_str!("assets/edits.js")),
    ("/grid.js", SCRIPT, include_str!("assets/grid.js")),
    ("/hands.js", SCRIPT, include_str!("assets/hands.js")),
    ("/items.js", SCRIPT, include_str!("assets/items.js")),
    ("/keys.js", SCRIPT, include_str!("assets/keys.js")),
    ("/list.js", SCRIPT, include_str!("assets/list.js")),
    ("/looking.js", SCRIPT, include_str!("assets/looking.js")),
    ("/picture.js", SCRIPT, include_str!("assets/picture.js")),
    ("/prefs.js", SCRIPT, include_str!("assets/prefs.js")),
    ("/store.js", SCRIPT, include_str!("assets/store.js")),
    ("/tools.js", SCRIPT, include_str!("assets/tools.js")),
    ("/viewer.js", SCRIPT, include_str!("assets/viewer.js")),
    ("/words.js", SCRIPT, include_str!("assets/words.js")),
];
