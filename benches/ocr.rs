//! What reading costs: one line at several lengths, one thread, models already loaded. The 240-column line is the
//! average line of a screen; finding lines and cutting pictures out of frames are not measured here.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use unburn::frame::Gray;
use unburn::geometry::Rect;
use unburn::line::{Strength, TextLine};
use unburn::models::Models;
use unburn::ocr::{CtcReader, Reader};

/// A line of upright strokes, 16 px high: its content does not change the work, only its width does.
fn strokes(width: u32) -> (Gray, TextLine) {
    let mut picture = Gray::new(width + 40, 56, 10);
    for y in 20..36 {
        for x in (20..20 + width as usize).step_by(4) {
            picture.row_mut(y)[x] = 220;
        }
    }
    let tight = Rect::new(20, 20, width, 16);
    let line = TextLine {
        tight,
        cover: vec![tight],
        strength: Strength::Strong,
    };
    (picture, line)
}

fn lines(c: &mut Criterion) {
    let models = Models::embedded().expect("models");
    let reader = CtcReader::new(models.reader(), models.alphabet()).expect("reader");
    let mut group = c.benchmark_group("read one line");
    group.sample_size(20);
    for width in [30, 120, 600] {
        let (picture, line) = strokes(width);
        group.throughput(Throughput::Elements(1));
        group.bench_function(
            BenchmarkId::from_parameter(format!("{width} x 16 px")),
            |b| b.iter(|| reader.read(&picture, &line)),
        );
    }
    group.finish();
}

criterion_group!(benches, lines);
criterion_main!(benches);
