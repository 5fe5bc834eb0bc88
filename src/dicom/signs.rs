//! What of a header tells how likely text or a face is (dicom.md §5, §7.1).

use super::dataset::DataSet;
use super::value::Values;
use crate::facts::Signs;
use dicom_dictionary_std::tags;

/// Reads them.
pub(super) fn signs(bytes: &[u8], set: &DataSet) -> Signs {
    let v = Values { bytes, set };
    let text = |tag| v.code(tag).unwrap_or_default();
    let regions = set
        .items(tags::ANATOMIC_REGION_SEQUENCE)
        .iter()
        .filter_map(|item| {
            let v = Values {
                bytes,
                set: &item.set,
            };
            v.code(tags::CODE_VALUE)
        })
        .collect();
    #[allow(deprecated, reason = "captures of old equipment")]
    let capture = [
        tags::CONVERSION_TYPE,
        tags::DATE_OF_SECONDARY_CAPTURE,
        tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER,
        tags::HARDCOPY_DEVICE_MANUFACTURER,
        tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER_MODEL_NAME,
        tags::SECONDARY_CAPTURE_DEVICE_SOFTWARE_VERSIONS,
    ];
    let tenths = |tag| v.floats(tag).first().map(|f| (f * 10.0) as i64);
    Signs {
        body_part: text(tags::BODY_PART_EXAMINED),
        regions,
        descriptions: [
            tags::PROTOCOL_NAME,
            tags::STUDY_DESCRIPTION,
            tags::SERIES_DESCRIPTION,
            tags::SEQUENCE_NAME,
        ]
        .iter()
        .map(|t| text(*t))
        .collect(),
        coil: text(tags::RECEIVE_COIL_NAME),
        captured: capture.iter().any(|t| set.get(*t).is_some()),
        series_number: v.int(tags::SERIES_NUMBER),
        field_mm10: tenths(tags::RECONSTRUCTION_DIAMETER),
    }
}
