//! A judge that shares no code with ours: the same network in f32 through rten gives the same bits.

use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use unburn::detect::cpu::CpuDetector;
use unburn::detect::network::Network;
use unburn::detect::{Detector, Levels};
use unburn::frame::Gray;
use unburn::models::Models;
use unburn::stage::{Map, levels};

fn picture(width: u32, height: u32, mut state: u32) -> Gray {
    let mut g = Gray::new(width, height, 0);
    for (i, v) in (0u32..).zip(&mut g.data) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = (i % width, i / width);
        *v = match (x / 20 + y / 12) % 3 {
            0 => (state >> 24) as u8,
            1 if x % 4 < 2 => 240,
            _ => 16,
        };
    }
    g
}

/// The answer of rten; the picture's sides are multiples of 16.
fn judge(model: &rten::Model, p: &Gray) -> Map {
    let (w, h) = (p.width as usize, p.height as usize);
    let pixels: Vec<f32> = p.data.iter().map(|v| f32::from(*v)).collect();
    let input = NdTensor::<f32, 4>::from_data([1, 1, h, w], pixels);
    let output: NdTensor<f32, 4> = model
        .run_one(input.into(), None)
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(output.shape(), [1, 2, h / 2, w / 2]);
    let data = output.to_vec();
    assert!(
        data.iter()
            .all(|v| v.fract() == 0.0 && (0.0..=255.0).contains(v))
    );
    Map {
        channels: 2,
        height: h / 2,
        width: w / 2,
        data: data.iter().map(|v| *v as u8).collect(),
    }
}

#[test]
fn rten_agrees_with_the_reference_and_the_processor() {
    let model = rten::Model::load_static_slice(include_bytes!("../models/detector.rten")).unwrap();
    let network = Network::parse(Models::embedded().unwrap().detector()).unwrap();
    let cpu = CpuDetector::new(&network).unwrap();
    let at = Levels {
        region: [1, 96, 144],
        core: [32, 112, 128],
    };
    for (i, (w, h)) in [(16, 16), (16, 96), (176, 32), (208, 144)]
        .into_iter()
        .enumerate()
    {
        let p = picture(w, h, i as u32);
        let want = judge(&model, &p);
        let reference = network.reference(&p);
        let differing = reference
            .data
            .iter()
            .zip(&want.data)
            .filter(|(a, b)| a != b);
        assert_eq!(differing.count(), 0, "reference, {w}x{h}");
        let got = cpu.maps(&[&p], at).unwrap();
        assert!(
            got[0].cells == levels::cpu(&want, &at.region, &at.core),
            "cpu, {w}x{h}"
        );
    }
}
