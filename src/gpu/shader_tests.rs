//! Without a device: every shader parses, validates, and is what the Rust side takes it for.

use crate::stage::{SHADERS, depthwise, levels, pointwise, stem};
use std::collections::BTreeMap;
use wgpu::naga::{self, AddressSpace, StorageAccess, TypeInner};

fn parse(source: &str, name: &str) -> naga::Module {
    naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(source)))
}

/// Binding → (name, space, size in bytes).
fn bindings(module: &naga::Module) -> BTreeMap<u32, (String, AddressSpace, u32)> {
    module
        .global_variables
        .iter()
        .filter_map(|(_, v)| {
            let b = v.binding.as_ref()?;
            assert_eq!(b.group, 0);
            let size = module.types[v.ty].inner.size(module.to_ctx());
            Some((b.binding, (v.name.clone()?, v.space, size)))
        })
        .collect()
}

#[test]
fn every_shader_is_what_its_declaration_says() {
    for shader in SHADERS {
        let module = parse(shader.source, shader.name);
        naga::valid::Validator::new(
            naga::valid::ValidationFlags::all(),
            naga::valid::Capabilities::empty(),
        )
        .validate(&module)
        .unwrap_or_else(|e| panic!("{}: {}", shader.name, e.emit_to_string(shader.source)));
        assert_eq!(module.entry_points.len(), 1, "{}", shader.name);
        let entry = &module.entry_points[0];
        assert_eq!(entry.name, "main");
        assert_eq!(entry.workgroup_size, shader.workgroup, "{}", shader.name);
        let found = bindings(&module);
        assert_eq!(found.len(), 1 + shader.bindings.len(), "{}", shader.name);
        let (name, space, size) = &found[&0];
        assert_eq!((name.as_str(), *space), ("params", AddressSpace::Uniform));
        assert_eq!(*size as usize, shader.params_bytes, "{}", shader.name);
        for (i, (name, written)) in shader.bindings.iter().enumerate() {
            let (found, space, _) = &found[&(i as u32 + 1)];
            let access = if *written {
                StorageAccess::LOAD | StorageAccess::STORE
            } else {
                StorageAccess::LOAD
            };
            assert_eq!(found, name, "{}", shader.name);
            assert_eq!(*space, AddressSpace::Storage { access }, "{}", shader.name);
        }
    }
}

/// Names and offsets of the shader's parameters.
fn members(source: &str, name: &str) -> Vec<(String, usize)> {
    let module = parse(source, name);
    let found = module.types.iter().find_map(|(_, t)| match &t.inner {
        TypeInner::Struct { members, .. } if t.name.as_deref() == Some("Params") => {
            Some(members.clone())
        }
        _ => None,
    });
    found
        .unwrap_or_default()
        .iter()
        .map(|m| (m.name.clone().unwrap_or_default(), m.offset as usize))
        .collect()
}

macro_rules! offsets {
    ($stage:ident: $($field:ident),+) => {
        vec![$((stringify!($field).to_owned(), std::mem::offset_of!($stage::Params, $field))),+]
    };
}

#[test]
fn parameters_lie_where_the_shaders_read_them() {
    let cases = [
        (
            stem::SHADER,
            offsets!(stem: width, height, row_words, out_width, out_height, out_quads, weights_at, ends_at),
        ),
        (
            depthwise::SHADER,
            offsets!(depthwise: in_width, in_height, out_width, out_height, quads, kernel, stride, weights_at, ends_at),
        ),
        (
            pointwise::SHADER,
            offsets!(pointwise: width, height, in_quads, out_quads, mode, weights_at, ends_at),
        ),
        (levels::SHADER, offsets!(levels: cells, words, region, core)),
    ];
    assert_eq!(cases.len(), SHADERS.len());
    for (shader, rust) in cases {
        let wgsl: Vec<_> = members(shader.source, shader.name)
            .into_iter()
            .filter(|(name, _)| !name.starts_with("pad"))
            .collect();
        assert_eq!(wgsl, rust, "{}", shader.name);
    }
}

#[test]
fn every_shader_starts_with_its_five_lines() {
    let heads = [
        "Purpose",
        "Inputs",
        "Outputs",
        "Invariants",
        "Does not handle",
    ];
    for shader in SHADERS {
        for (line, head) in shader.source.lines().zip(heads) {
            assert!(
                line.starts_with(&format!("// {head}: ")),
                "{}: {line}",
                shader.name
            );
        }
    }
}
